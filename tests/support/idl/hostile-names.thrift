// Names that mean something to JavaScript must be ordinary names here. (Newer compilers know uuid.)
struct Named {
  1: string __proto__
  2: string constructor
  3: string toJSON
  4: string then
  5: i32 length
}

service Names {
  Named echo(1: Named value)
  uuid tag(1: uuid value)
}

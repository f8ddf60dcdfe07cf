// Every type of Thrift once, echoed back by servers of other languages.
namespace py everything

enum Colour { RED = 1, GREEN = 2, BLUE = -3 }

struct Point { 1: required i32 x, 2: optional i32 y = 7 }

union Choice { 1: i64 number, 2: string text, 3: list<Point> points }

struct Everything {
  1: bool flag
  2: i8 tiny
  3: i16 small
  4: i32 medium
  5: i64 large
  6: double real
  7: string text
  8: binary bytes
  9: Colour colour
  10: Point point
  11: list<i64> longs
  12: set<string> names
  13: map<string, double> prices
  14: map<i64, Point> places
  15: map<Colour, list<bool>> marks
  16: Choice choice
  17: list<map<string, set<i32>>> nested
  18: optional Everything again
}

exception Refused { 1: string reason, 2: i32 code }

service Echo {
  Everything echo(1: Everything value)
  i64 add(1: i64 left, 2: i64 right) throws (1: Refused refused)
  string greet(1: string name)
  void nothing()
  oneway void notify(1: string message)
  list<string> received()
  string crash()
}

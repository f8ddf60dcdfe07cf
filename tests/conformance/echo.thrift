// What Apache's ThriftTest has not, echoed back.
namespace py echo
namespace go echo
namespace cpp echo

enum Colour { RED = 1, GREEN = 2, BLUE = -3 }

typedef i64 Cents
typedef list<Cents> Prices

struct Point { 1: required i32 x, 2: optional i32 y = 7 } (python.immutable = "")

struct Scalars {
  1: optional bool flag
  2: optional i8 tiny
  3: optional i16 small
  4: optional i32 medium
  5: optional i64 large
  6: optional double real
  7: optional string text
  8: optional binary bytes
  9: optional Colour colour
  // Far from the one before, and below it: compact's long form of a field's header.
  1000: optional Cents cents
  500: optional bool late
}

struct Containers {
  1: optional list<bool> flags
  2: optional list<i8> tinies
  3: optional list<i16> smalls
  4: optional list<i64> longs
  5: optional list<double> reals
  6: optional list<string> texts
  7: optional list<binary> blobs
  8: optional list<Colour> colours
  9: optional list<Point> points
  10: optional list<list<i32>> matrix
  11: optional set<i64> ids
  12: optional set<string> names
  13: optional list<set<string>> groups
  14: optional list<map<string, i64>> records
  15: optional map<string, list<Point>> paths
  16: optional map<string, map<i16, Cents>> tables
  17: optional Prices prices
  18: optional set<Point> places
}

struct Keys {
  1: optional map<bool, string> flags
  2: optional map<i8, string> tinies
  3: optional map<i16, string> smalls
  4: optional map<i64, string> longs
  5: optional map<double, string> reals
  6: optional map<binary, string> blobs
  7: optional map<Colour, string> colours
  8: optional map<Point, string> points
}

struct Defaults {
  1: i32 number = 42
  2: string text = "none"
  3: optional bool flag = true
  4: Colour colour = Colour.GREEN
  5: list<i32> numbers = [1, 2, 3]
  6: map<string, i32> table = {"a": 1}
  7: double real = 0.5
  8: i64 large = 9007199254740993
  9: optional string missing
}

union Choice { 1: i64 number, 2: string text, 3: Point point, 4: list<Choice> choices }

struct Tree { 1: i32 value, 2: optional list<Tree> children }

exception Refused { 1: string reason, 2: i32 code }
exception Busy { 1: list<Point> where }

service Base {
  i16 echoSmall(1: i16 thing)
}

service Echo extends Base {
  Scalars echoScalars(1: Scalars thing)
  Containers echoContainers(1: Containers thing)
  Keys echoKeys(1: Keys thing)
  Defaults echoDefaults(1: Defaults thing)
  Choice echoChoice(1: Choice thing)
  Tree echoTree(1: Tree thing)
  /** 1: Refused, 2: Busy. */
  string refuse(1: i32 code) throws (1: Refused refused, 2: Busy busy)
  oneway void notify(1: string message)
  list<string> received()
}

// What Kitex has and ThriftTest does not show.
namespace go probe

exception Refused { 1: string reason, 2: i32 code }

struct Seen {
  /** The other end of the connection. */
  1: string connection
  2: string caller
  3: i64 timeoutMs
  4: map<string, string> persistent
  5: map<string, string> transient
}

service Probe {
  Seen see()
  /** Throws, where the code is not 0. */
  string refuse(1: i32 code) throws (1: Refused refused)
  /** A business error, where cents are negative. */
  i64 pay(1: i64 cents)
  void panics()
  /** With an error that no exception declares. */
  string fails()
  /** Says in its reply that the connection is about to close. */
  Seen closes()
  string waits(1: i32 milliseconds)
}

// The Go peers of the benches, one program: `peers gateway` (Hertz in front of a Kitex JSON generic client, as one would
// write it by hand) and `peers backend` (a Kitex server with static answers).
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
)

type ready struct {
	Event string `json:"event"`
	URL   string `json:"url"`
	Pid   int    `json:"pid"`
}

func main() {
	if len(os.Args) == 4 && os.Args[1] == "gateway" {
		runGateway(os.Args[2], os.Args[3])
	} else if len(os.Args) == 3 && os.Args[1] == "backend" {
		runBackend(os.Args[2])
	} else {
		fmt.Fprintln(os.Stderr, "usage: peers gateway IDL-FILE HOST:PORT | peers backend ANSWERS-FILE")
		os.Exit(2)
	}
}

// Hertz and Kitex say nowhere which port they got, so they are given one that was free a moment ago.
func freeAddress() *net.TCPAddr {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr)
}

// Tells the bench, once the address takes connections.
func announce(scheme string, address *net.TCPAddr) {
	for {
		connection, err := net.Dial("tcp", address.String())
		if err == nil {
			connection.Close()
			break
		}
	}
	line, err := json.Marshal(ready{"ready", scheme + "://" + address.String(), os.Getpid()})
	must(err)
	fmt.Println(string(line))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

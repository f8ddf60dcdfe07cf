// A Kitex server on a free port of this machine: main thrifttest|probe
package main

import (
	"net"
	"os"

	"github.com/cloudwego/kitex/pkg/transmeta"
	"github.com/cloudwego/kitex/server"

	"thriftgate/tests/kitex/kitex_gen/probe/probe"
	"thriftgate/tests/kitex/kitex_gen/thrifttest/thrifttest"
	apache "thriftgate/tests/kitex/test/go/src/common"
)

func main() {
	address, err := net.ResolveTCPAddr("tcp", "127.0.0.1:0")
	check(err)
	s := server.NewServer(server.WithServiceAddr(address), server.WithMetaHandler(transmeta.ServerTTHeaderHandler))
	if os.Args[1] == "probe" {
		check(probe.RegisterService(s, &handler{}))
	} else {
		check(thrifttest.RegisterService(s, apache.PrintingHandler))
	}
	check(s.Run())
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

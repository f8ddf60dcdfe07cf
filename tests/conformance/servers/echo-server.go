// Echo (echo.thrift) on Apache's Go library: echo-server framed|buffered binary|compact|header [NAME]
package main

import (
	"context"
	"log"
	"os"
	"sync"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/apache/thrift/test/go/src/gen/echo"
)

type handler struct {
	mutex    sync.Mutex
	messages []string
}

func (*handler) EchoSmall(_ context.Context, thing int16) (int16, error) { return thing, nil }

func (*handler) EchoScalars(_ context.Context, thing *echo.Scalars) (*echo.Scalars, error) {
	return thing, nil
}

func (*handler) EchoContainers(_ context.Context, thing *echo.Containers) (*echo.Containers, error) {
	return thing, nil
}

func (*handler) EchoKeys(_ context.Context, thing *echo.Keys) (*echo.Keys, error) { return thing, nil }

func (*handler) EchoDefaults(_ context.Context, thing *echo.Defaults) (*echo.Defaults, error) {
	return thing, nil
}

func (*handler) EchoChoice(_ context.Context, thing *echo.Choice) (*echo.Choice, error) {
	return thing, nil
}

func (*handler) EchoTree(_ context.Context, thing *echo.Tree) (*echo.Tree, error) { return thing, nil }

func (*handler) Refuse(_ context.Context, code int32) (string, error) {
	switch code {
	case 1:
		return "", &echo.Refused{Reason: "ü🚀", Code: 1<<31 - 1}
	case 2:
		return "", &echo.Busy{Where: []*echo.Point{{X: 1, Y: 2}, {X: -1, Y: 7}}}
	}
	return "taken", nil
}

func (h *handler) Notify(_ context.Context, message string) error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.messages = append(h.messages, message)
	return nil
}

func (h *handler) Received(context.Context) ([]string, error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return append([]string{}, h.messages...), nil
}

func main() {
	var transports thrift.TTransportFactory = thrift.NewTBufferedTransportFactory(8192)
	if os.Args[1] == "framed" {
		transports = thrift.NewTFramedTransportFactoryConf(thrift.NewTTransportFactory(), nil)
	}
	protocols := map[string]thrift.TProtocolFactory{
		"binary":  thrift.NewTBinaryProtocolFactoryConf(nil),
		"compact": thrift.NewTCompactProtocolFactoryConf(nil),
		"header":  thrift.NewTHeaderProtocolFactoryConf(nil),
	}[os.Args[2]]
	socket, err := thrift.NewTServerSocket("127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	processor := echo.NewEchoProcessor(&handler{})
	log.Fatal(thrift.NewTSimpleServer4(processor, socket, transports, protocols).Serve())
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/cloudwego/kitex/pkg/klog"
	"github.com/cloudwego/kitex/server"
	"github.com/cloudwego/kitex/server/genericserver"
)

// Kitex's server with everything but generated code: it hands over the arguments' bytes and sends the result's.
func runBackend(answersFile string) {
	klog.SetLevel(klog.LevelFatal)
	text, err := os.ReadFile(answersFile)
	must(err)
	// Go takes base64 for []byte.
	answers := map[string][]byte{}
	must(json.Unmarshal(text, &answers))

	address := freeAddress()
	handler := &genericserver.UnknownServiceOrMethodHandler{
		DefaultHandler: func(_ context.Context, _, method string, _ interface{}) (interface{}, error) {
			if answer, found := answers[method]; found {
				return answer, nil
			}
			return nil, fmt.Errorf("no answer for %s", method)
		},
	}
	svr := genericserver.NewUnknownServiceOrMethodServer(handler, server.WithServiceAddr(address))
	go announce("tcp", address)
	must(svr.Run())
	os.Exit(0)
}

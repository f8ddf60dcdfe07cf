package main

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/app/server"
	"github.com/cloudwego/hertz/pkg/common/hlog"
	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/client/genericclient"
	"github.com/cloudwego/kitex/pkg/connpool"
	"github.com/cloudwego/kitex/pkg/generic"
	"github.com/cloudwego/kitex/pkg/klog"
	"github.com/cloudwego/kitex/transport"
)

const callDeadline = 5 * time.Second

// As many as there are callers, so that none is closed between two calls.
const pooledConnections = 100

// The routes of bench/fixtures/bench.thrift.
var methods = map[string]string{
	"newAsset":  "insertAsset",
	"getAsset":  "queryAsset",
	"order":     "placeOrder",
	"orders64k": "placeOrders64k",
	"orders1m":  "placeOrders1m",
	"badAsset":  "rejectAsset",
}

func runGateway(idlFile, backend string) {
	hlog.SetLevel(hlog.LevelError)
	klog.SetLevel(klog.LevelFatal)
	provider, err := generic.NewThriftFileProviderWithDynamicGo(idlFile)
	must(err)
	codec, err := generic.JSONThriftGeneric(provider)
	must(err)
	assets, err := genericclient.NewClient("Bench", codec,
		client.WithHostPorts(backend),
		client.WithTransportProtocol(transport.Framed),
		client.WithLongConnection(connpool.IdleConfig{MaxIdlePerAddress: pooledConnections, MaxIdleGlobal: pooledConnections, MaxIdleTimeout: time.Minute}),
		client.WithRPCTimeout(callDeadline))
	must(err)

	call := func(ctx context.Context, c *app.RequestContext, method string, arguments string) {
		answer, err := assets.GenericCall(ctx, method, arguments)
		if err != nil {
			c.JSON(422, map[string]string{"error": err.Error()})
			return
		}
		c.Data(200, "application/json", []byte(answer.(string)))
	}

	address := freeAddress()
	// One listener, no logs of its own, bodies of up to 4 MiB: as the gateway that it is compared with.
	h := server.New(server.WithHostPorts(address.String()), server.WithDisablePrintRoute(true), server.WithMaxRequestBodySize(4<<20))
	h.POST("/Bench/:path", func(ctx context.Context, c *app.RequestContext) {
		if method, found := methods[c.Param("path")]; found {
			call(ctx, c, method, string(c.Request.Body()))
		} else {
			c.SetStatusCode(404)
		}
	})
	h.GET("/Bench/:path", func(ctx context.Context, c *app.RequestContext) {
		arguments := map[string]string{}
		c.QueryArgs().VisitAll(func(name, value []byte) { arguments[string(name)] = string(value) })
		text, err := json.Marshal(arguments)
		must(err)
		if method, found := methods[c.Param("path")]; found {
			call(ctx, c, method, string(text))
		} else {
			c.SetStatusCode(404)
		}
	})
	h.GET("/v1/assets/:id/markets/:market", func(ctx context.Context, c *app.RequestContext) {
		text, err := json.Marshal(map[string]string{"ID": c.Param("id"), "Market": c.Param("market")})
		must(err)
		call(ctx, c, "findAsset", string(text))
	})
	go announce("http", address)
	h.Spin()
	os.Exit(0)
}

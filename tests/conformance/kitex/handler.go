package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bytedance/gopkg/cloud/metainfo"
	"github.com/cloudwego/kitex/pkg/kerrors"
	"github.com/cloudwego/kitex/pkg/rpcinfo"

	"thriftgate/tests/kitex/kitex_gen/probe"
)

type handler struct{}

func (handler) See(ctx context.Context) (*probe.Seen, error) {
	info := rpcinfo.GetRPCInfo(ctx)
	return &probe.Seen{
		Connection: info.From().Address().String(),
		Caller:     info.From().ServiceName(),
		TimeoutMs:  info.Config().RPCTimeout().Milliseconds(),
		Persistent: metainfo.GetAllPersistentValues(ctx),
		Transient:  metainfo.GetAllValues(ctx),
	}, nil
}

func (handler) Refuse(_ context.Context, code int32) (string, error) {
	if code == 0 {
		return "taken", nil
	}
	return "", &probe.Refused{Reason: "no", Code: code}
}

func (handler) Pay(_ context.Context, cents int64) (int64, error) {
	if cents < 0 {
		return 0, kerrors.NewBizStatusErrorWithExtra(-402, "payez d’abord", map[string]string{"cents": fmt.Sprint(cents)})
	}
	return cents, nil
}

func (handler) Panics(context.Context) error { panic("on purpose") }

func (handler) Fails(context.Context) (string, error) { return "", errors.New("undeclared") }

func (h handler) Closes(ctx context.Context) (*probe.Seen, error) {
	rpcinfo.AsMutableEndpointInfo(rpcinfo.GetRPCInfo(ctx).To()).SetTag(rpcinfo.ConnResetTag, "1")
	return h.See(ctx)
}

func (handler) Waits(_ context.Context, milliseconds int32) (string, error) {
	time.Sleep(time.Duration(milliseconds) * time.Millisecond)
	return "waited", nil
}

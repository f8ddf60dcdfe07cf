//go:build tools

// The generator, so that go.mod names its version.
package main

import _ "github.com/cloudwego/kitex/tool/cmd/kitex"

// Command assign gives licenses.
//
// Trigger: the HTTP API; its routes stand in template.yaml and infra/openapi.yaml.
//
// Duplicate: a license already held is success, without a second seat.
//
// Failure: the caller gets a problem document that says what to do next; nothing
// is half done.
package main

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/boot"
	"github.com/usher-seats/usher/internal/boot/service"
)

const function = "assign"

func main() {
	cfg, err := boot.Load[boot.Assign]()
	if err != nil {
		boot.Fail(function, err)
	}
	rt := boot.New(function, cfg.Common)
	svc := service.New(rt, cfg.Tables)
	handler := api.New(func(a huma.API) { api.Assign(a, svc) })
	boot.HTTP(rt, apigw.Adapt(handler, apigw.Rights{GroupsClaim: cfg.GroupsClaim, OperatorGroup: cfg.Operators.Group}))
}

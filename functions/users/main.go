// Command users lists, shows, edits, activates, deactivates and removes users.
//
// Trigger: the HTTP API; its routes stand in template.yaml and infra/openapi.yaml.
//
// Duplicate: every command leaves what is as it asks already.
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

const function = "users"

func main() {
	cfg, err := boot.Load[boot.Users]()
	if err != nil {
		boot.Fail(function, err)
	}
	rt := boot.New(function, cfg.Common)
	svc := service.New(rt, cfg.Tables)
	handler := api.New(func(a huma.API) { api.Users(a, svc) })
	boot.HTTP(rt, apigw.Adapt(handler, apigw.Rights{GroupsClaim: cfg.GroupsClaim, OperatorGroup: cfg.Operators.Group}))
}

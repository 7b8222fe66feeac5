package browsertest_test

import (
	"testing"

	"github.com/usher-seats/usher/infra/console/browsertest"
	"github.com/usher-seats/usher/infra/local/stack"
)

func TestAnOwnerSignsInAndSeesTheAccount(t *testing.T) {
	rig := browsertest.Start(t, stack.Options{})
	rig.Catalog(t, "teams")
	account := rig.Account(t, "teams")
	page := rig.SignIn(t, account.Owner)
	page.See(account.Name)
	page.At(account.Path(""))
}

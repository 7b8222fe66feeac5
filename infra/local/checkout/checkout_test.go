package checkout_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/usher-seats/usher/infra/local/checkout"
)

func TestTheCheckoutIsFoundFromAnyFolderInIt(t *testing.T) {
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	local, err := checkout.Local()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(root, "infra", "local"))
	if again, err := checkout.Root(); err != nil || again != root || filepath.Join(again, "infra", "local") != local {
		t.Errorf("from infra/local: %s, %v; want %s", again, err, root)
	}
	t.Chdir(t.TempDir())
	if _, err := checkout.Root(); err == nil || !strings.Contains(err.Error(), "not inside a checkout") {
		t.Errorf("from elsewhere: %v", err)
	}
}

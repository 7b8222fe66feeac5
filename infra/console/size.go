package console

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os/exec"
)

// MaxScriptBytes bounds app.js as it is sent, gzipped: what a phone on a slow line loads in two seconds.
const MaxScriptBytes = 70_000

// Packed is the name of the script as browsers get it, beside the one for clients that know no gzip.
const Packed = "app.js.gz"

// Pack makes the script of Bundle smaller and adds it packed. It takes seconds, for a tenth that every reader's first visit
// saves; what is only tried does without. The packages of app and Node do it.
func Pack(ctx context.Context, app string, files map[string][]byte) error {
	cmd := exec.CommandContext(ctx, "node", "pack.mjs")
	cmd.Dir = app
	cmd.Stdin = bytes.NewReader(files["app.js"])
	var out, messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &messages
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("pack: %w\n%s", err, messages.Bytes())
	}
	plain, err := unzip(out.Bytes())
	if err != nil {
		return err
	}
	files["app.js"], files[Packed] = plain, out.Bytes()
	return nil
}

func unzip(packed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	return plain, nil
}

package console

import (
	"bytes"
	"compress/gzip"
	"fmt"
)

// MaxScriptBytes bounds app.js, gzipped: what a phone on a slow line loads in two seconds.
const MaxScriptBytes = 70 << 10

// Zipped is the size of a file as it is sent.
func Zipped(file []byte) (int, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return 0, fmt.Errorf("bundle: %w", err)
	}
	if _, err := w.Write(file); err != nil {
		return 0, fmt.Errorf("bundle: %w", err)
	}
	if err := w.Close(); err != nil {
		return 0, fmt.Errorf("bundle: %w", err)
	}
	return out.Len(), nil
}

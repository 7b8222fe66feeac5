package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"
)

const (
	indexName   = "index.html"
	versionMark = "{{version}}"
	// packedSuffix ends the name of a file that holds another one packed.
	packedSuffix = ".gz"
	// versionBytes of a digest are enough to tell one deployment's files from another's.
	versionBytes = 8
)

// file is a file as it is sent.
type file struct {
	contentType string
	plain       []byte
	// zipped is the file in gzip's format: packed when the console was bundled, else compressed once by the process, since
	// the HTTP API does not compress.
	zipped func() []byte
}

// files are the console's files under the name that they have together.
type files struct {
	version string
	index   file
	assets  map[string]file
}

// contentTypeOf is "" for what the console does not serve.
func contentTypeOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	return ""
}

// readFiles reads the files of a folder. Their version is a digest of all of them, so the page never meets the script of
// another deployment.
func readFiles(from fs.FS, dir string) (files, error) {
	out := files{assets: map[string]file{}}
	entries, err := fs.ReadDir(from, dir) // sorted by name
	if err != nil {
		return out, fmt.Errorf("console: %w", err)
	}
	digest := sha256.New()
	var index []byte
	packed := map[string][]byte{}
	for _, e := range entries {
		text, err := fs.ReadFile(from, path.Join(dir, e.Name()))
		if err != nil {
			return out, fmt.Errorf("console: %w", err)
		}
		_, _ = fmt.Fprintf(digest, "%s %d\n%s", e.Name(), len(text), text) // a digest takes everything
		if name, ok := strings.CutSuffix(e.Name(), packedSuffix); ok {
			packed[name] = text
			continue
		}
		kind := contentTypeOf(e.Name())
		switch {
		case kind == "":
			return out, fmt.Errorf("console: %s is of no type that is served", e.Name())
		case e.Name() == indexName:
			index = text
		default:
			out.assets[e.Name()] = newFile(kind, text)
		}
	}
	for name, text := range packed {
		f, ok := out.assets[name]
		if !ok {
			return out, fmt.Errorf("console: %s%s packs no file of %s", name, packedSuffix, dir)
		}
		f.zipped = func() []byte { return text }
		out.assets[name] = f
	}
	if index == nil {
		return out, fmt.Errorf("console: %s has no %s; run make console", dir, indexName)
	}
	out.version = hex.EncodeToString(digest.Sum(nil)[:versionBytes])
	out.index = newFile(contentTypeOf(indexName), bytes.ReplaceAll(index, []byte(versionMark), []byte(out.version)))
	return out, nil
}

func newFile(contentType string, text []byte) file {
	return file{contentType: contentType, plain: text, zipped: sync.OnceValue(func() []byte {
		var out bytes.Buffer
		w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
		if err == nil {
			_, err = w.Write(text)
		}
		if err != nil || w.Close() != nil {
			return nil // a buffer takes everything; the file is then sent as it is
		}
		return out.Bytes()
	})}
}

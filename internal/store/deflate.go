package store

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"sync"
)

// maxInflatedBytes bounds what is read back: no item holds more than 400 KB, and
// nothing that is written here shrinks more than tenfold.
const maxInflatedBytes = 4 << 20

// deflate compresses text. A writer takes most of a megabyte, so it is used again.
func (s *Store) deflate(b []byte) ([]byte, error) { return deflate(&s.deflaters, "", b) }

// deflateWith is deflate for text that is like a dictionary, which reading needs
// too.
func (s *Store) deflateWith(dictionary string, b []byte) ([]byte, error) {
	return deflate(&s.dictionaryDeflaters, dictionary, b)
}

// deflate takes the writers of one dictionary.
func deflate(writers *sync.Pool, dictionary string, b []byte) ([]byte, error) {
	var out bytes.Buffer
	w, ok := writers.Get().(*flate.Writer)
	if ok {
		w.Reset(&out)
	} else {
		var err error
		if w, err = flate.NewWriterDict(&out, flate.BestCompression, []byte(dictionary)); err != nil {
			return nil, fmt.Errorf("store: deflate: %w", err)
		}
	}
	defer writers.Put(w)
	if _, err := w.Write(b); err != nil {
		return nil, fmt.Errorf("store: deflate: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("store: deflate: %w", err)
	}
	return out.Bytes(), nil
}

func inflate(b []byte) ([]byte, error) { return inflateWith("", b) }

func inflateWith(dictionary string, b []byte) ([]byte, error) {
	r := flate.NewReaderDict(bytes.NewReader(b), []byte(dictionary))
	out, err := io.ReadAll(io.LimitReader(r, maxInflatedBytes+1))
	if err != nil {
		return nil, fmt.Errorf("store: inflate: %w", err)
	}
	if len(out) > maxInflatedBytes {
		return nil, fmt.Errorf("store: inflate: more than %d bytes", maxInflatedBytes)
	}
	return out, nil
}

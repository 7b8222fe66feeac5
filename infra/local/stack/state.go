package stack

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// stateFile is the saved state: a zip with one entry for each part, items of a table one a line.
	stateFile = "state.zip"
	// saveTimeout bounds the saving: it writes some ten thousand items a second.
	saveTimeout = 2 * time.Minute
	tablePrefix = "tables/"
)

// part is something that survives a restart.
type part struct {
	name     string
	snapshot func() ([]byte, error)
	restore  func([]byte) error
}

// parts are all but the tables.
func (s *Stack) parts() []part {
	out := []part{
		{"address.txt", func() ([]byte, error) { return []byte(s.url), nil }, s.here},
		{"bus.json", s.bus.Snapshot, s.bus.Restore},
		{"mails.json", s.mails.Snapshot, s.mails.Restore},
		{"issuer.json", s.issuer.Snapshot, s.issuer.Restore},
		{"keys.json", s.services.keys.Snapshot, s.services.keys.Restore},
	}
	for _, q := range s.queues {
		out = append(out, part{"queues/" + q.Name() + ".json", q.Snapshot, q.Restore})
	}
	for id, f := range s.functions {
		out = append(out, part{"events/" + id + ".json", f.async.Snapshot, f.async.Restore})
	}
	for id, source := range s.streams {
		out = append(out, part{"streams/" + id + ".json", source.Snapshot, source.Restore})
	}
	return out
}

// here refuses a state of another address: its people are known by the issuer at that address, and its mails lead there.
func (s *Stack) here(url []byte) error {
	if string(url) != s.url {
		return fmt.Errorf("it was made at %s and is of use only there: make run STACK=%s", url, strings.TrimPrefix(string(url), "http://"))
	}
	return nil
}

// save writes the state into a new file and puts it in the place of the old one, so that there is always a whole one.
func (s *Stack) save() error {
	ctx, cancel := context.WithTimeout(context.Background(), saveTimeout)
	defer cancel()
	for _, source := range s.streams {
		if err := source.ReadRest(ctx); err != nil {
			return fmt.Errorf("stack: save: %w", err)
		}
	}
	if err := os.MkdirAll(s.options.StateDir, 0o700); err != nil {
		return fmt.Errorf("stack: save: %w", err)
	}
	path := filepath.Join(s.options.StateDir, stateFile)
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) // it holds the issuer's key
	if err != nil {
		return fmt.Errorf("stack: save: %w", err)
	}
	if err := errors.Join(s.write(ctx, f), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("stack: save: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("stack: save: %w", err)
	}
	return nil
}

func (s *Stack) write(ctx context.Context, to io.Writer) error {
	z := zip.NewWriter(to)
	for _, table := range s.template.Tables {
		w, err := z.Create(tablePrefix + table.ID + ".jsonl")
		if err != nil {
			return err
		}
		if _, err := s.database.Save(ctx, table.Name, w); err != nil {
			return err
		}
	}
	for _, p := range s.parts() {
		b, err := p.snapshot()
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		w, err := z.Create(p.name)
		if err != nil {
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return z.Close()
}

// restore takes over a saved state, if there is one. It makes the streams too, which have to pass over what restoring the
// items writes into them.
func (s *Stack) restore(ctx context.Context) error {
	if err := s.addStreams(); err != nil {
		return err
	}
	if s.options.StateDir == "" {
		return nil
	}
	path := filepath.Join(s.options.StateDir, stateFile)
	z, err := zip.OpenReader(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		defer func() { _ = z.Close() }()
		s.options.Progress("restoring the state of the last run")
		err = s.read(ctx, &z.Reader)
	}
	if err != nil {
		return fmt.Errorf("stack: the saved state in %s cannot be restored: %w; to start over, run make reset", path, err)
	}
	return nil
}

func (s *Stack) read(ctx context.Context, z *zip.Reader) error {
	for _, table := range s.template.Tables {
		f, err := z.Open(tablePrefix + table.ID + ".jsonl")
		if errors.Is(err, fs.ErrNotExist) {
			continue // a table that is new
		}
		if err != nil {
			return err
		}
		_, err = s.database.Load(ctx, table.Name, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		s.resumed = true
	}
	for _, source := range s.streams {
		if err := source.SkipToEnd(ctx); err != nil {
			return err
		}
	}
	for _, p := range s.parts() {
		b, err := fs.ReadFile(z, p.name)
		if errors.Is(err, fs.ErrNotExist) || len(bytes.TrimSpace(b)) == 0 && err == nil {
			continue // a part that is new
		}
		if err != nil {
			return err
		}
		if err := p.restore(b); err != nil {
			return err
		}
	}
	return nil
}

// Resumed tells whether the stack took over a saved state.
func (s *Stack) Resumed() bool { return s.resumed }

// Reset removes the saved state and the logs in a folder.
func Reset(stateDir string) error {
	logs, err := filepath.Glob(filepath.Join(stateDir, "logs", "*.log"))
	if err != nil {
		return fmt.Errorf("stack: reset: %w", err)
	}
	for _, path := range append(logs, filepath.Join(stateDir, stateFile), filepath.Join(stateDir, stateFile+".new")) {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("stack: reset: %w", err)
		}
	}
	return nil
}

package story

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// History is a demo account: a system's story, played once on a stack.
type History struct {
	Script *Script
	// Account is the account's name.
	Account  string
	State    HistoryState
	Progress Progress
	// Err is why it ended early.
	Err error
}

// HistoryState is how far a demo account is.
type HistoryState string

// States of histories.
const (
	HistoryWaiting HistoryState = "waiting"
	HistoryPlaying HistoryState = "playing"
	HistoryThere   HistoryState = "there"
	HistoryFailed  HistoryState = "failed"
)

// Histories plays the stories of systems into a world that has not got them yet,
// and knows how far it is. It may be asked from several goroutines.
type Histories struct {
	mu  sync.Mutex
	all []History
}

// NewHistories are the histories of scripts, none of them played.
func NewHistories(scripts []*Script) (*Histories, error) {
	h := &Histories{}
	for _, s := range scripts {
		name, err := s.AccountName()
		if err != nil {
			return nil, err
		}
		h.all = append(h.all, History{Script: s, Account: name, State: HistoryWaiting})
	}
	return h, nil
}

// All are the histories as they are now.
func (h *Histories) All() []History {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.all)
}

func (h *Histories) update(i int, change func(*History)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change(&h.all[i])
}

// Run plays what the world has no account of, one story after the other, and says
// on out in a line each what is there. A story that fails is told and the next one
// is played. An account that an earlier run had begun stays as it is.
func (h *Histories) Run(ctx context.Context, world World, catalog func(file string) (string, error), out io.Writer) error {
	p := &player{Play: Play{World: world, Out: io.Discard}, sessions: map[string]Session{}}
	accounts, err := listAccounts(ctx, p.operate)
	if err != nil {
		return err
	}
	var failed []error
	for i, one := range h.All() {
		if slices.ContainsFunc(accounts, func(a listed) bool { return a.Name == one.Account }) {
			h.update(i, func(now *History) { now.State = HistoryThere })
			continue
		}
		begin := time.Now()
		if err := h.play(ctx, i, world, catalog); err != nil {
			failed = append(failed, fmt.Errorf("the demo account of %s: %w", one.Script.ID, err))
			if ctx.Err() != nil {
				break
			}
			continue
		}
		_, _ = fmt.Fprintf(out, "  %-13s %s has its history, made in %.1f s\n", one.Script.ID, one.Account, time.Since(begin).Seconds())
	}
	return errors.Join(failed...)
}

func (h *Histories) play(ctx context.Context, i int, world World, catalog func(string) (string, error)) error {
	script := h.All()[i].Script
	h.update(i, func(now *History) { now.State = HistoryPlaying })
	text, err := catalog(script.Catalog)
	if err == nil {
		err = script.Run(ctx, Play{World: world, Catalog: text, Progress: func(at Progress) {
			h.update(i, func(now *History) { now.Progress = at })
		}})
	}
	h.update(i, func(now *History) {
		now.State, now.Err = HistoryThere, err
		if err != nil {
			now.State = HistoryFailed
		}
	})
	return err
}

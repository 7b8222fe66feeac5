package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/usher-seats/usher/infra/local/fault"
	"github.com/usher-seats/usher/infra/local/kms"
)

const (
	// maxHeaderBytes is API Gateway's bound of a request's line and headers.
	maxHeaderBytes = 10 << 10
	// readHeaderTimeout bounds what a broken client can hold open.
	readHeaderTimeout = 10 * time.Second
)

// listener is a listener with its server.
type listener struct {
	net    net.Listener
	server *http.Server
	done   chan struct{}
}

// listen opens a port. That a port is taken is said in a way that helps; option is the one with which it was chosen.
func listen(addr, option string) (*listener, error) {
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is taken, perhaps by a stack that runs already: open http://%s, or stop what runs there, "+
			"or choose another address with %s 127.0.0.1:8090", addr, addr, option)
	}
	if err != nil {
		return nil, fmt.Errorf("stack: %w", err)
	}
	return &listener{net: l}, nil
}

func (l *listener) addr() string { return l.net.Addr().String() }

func (l *listener) serve(h http.Handler) {
	l.done = make(chan struct{})
	l.server = &http.Server{Handler: h, ReadHeaderTimeout: readHeaderTimeout, MaxHeaderBytes: maxHeaderBytes}
	go func() {
		defer close(l.done)
		_ = l.server.Serve(l.net) // ends with stop
	}()
}

// stop lets requests finish until ctx ends, and frees the port.
func (l *listener) stop(ctx context.Context) error {
	if l.server == nil {
		return ignoreClosed(l.net.Close())
	}
	err := l.server.Shutdown(ctx)
	if err != nil { // somebody is still waiting for an answer
		err = l.server.Close()
	}
	<-l.done
	return ignoreClosed(err)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// service is one AWS service as the functions see it.
type service struct {
	listener *listener
	proxy    *fault.Proxy // nil without faults
}

// services are the endpoints for the functions. A DynamoDB without faults needs none of ours.
type services struct {
	dynamodb, eventbridge, ses, kms service
	// keys is what answers as KMS.
	keys *kms.Server
}

func (s *services) stop() error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // the functions are gone, so nobody waits for an answer
	var errs []error
	for _, one := range []service{s.dynamodb, s.eventbridge, s.ses, s.kms} {
		if one.listener != nil {
			errs = append(errs, one.listener.stop(ctx))
		}
		if one.proxy != nil {
			one.proxy.Close()
		}
	}
	return errors.Join(errs...)
}

func (s service) url() string { return "http://" + s.listener.addr() }

package rest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// Bounds of a body, after decompression.
const (
	MaxBody      = 32 << 20
	MaxErrorBody = 1 << 20
)

// Bounds of a header, whatever the transport allows: net/http's own bound is 10 MiB, which is a million lines, and
// another transport may have none.
const (
	maxHeader      = 1<<20 + 4<<10 // with a bound of 1 MiB, net/http accepts what it has read ahead
	maxHeaderLines = 10_000
)

// checkHeader returns an error if a header is too large to be worked with.
func checkHeader(h http.Header) error {
	size, lines := 0, 0
	for name, values := range h {
		lines += len(values)
		for _, value := range values {
			size += len(name) + len(value) + len(": \r\n")
		}
		if size > maxHeader || lines > maxHeaderLines {
			return fmt.Errorf("the header of the response has more than %d MiB or %d lines", maxHeader>>20, maxHeaderLines)
		}
	}
	return nil
}

// maxPooled is the size of the largest buffer that is kept, so that a large response does not hold its memory for ever.
const maxPooled = 1 << 20

// buffers are those of net/http's transports. Any other transport may write to a buffer after Read has returned, and
// has a pool of its own, so that no other client receives what it wrote.
var buffers = newPool()

func newPool() *sync.Pool { return &sync.Pool{New: func() any { return new([]byte) }} }

// read reads the whole body, or as much of it as the bounds allow. After the whole body, the connection can be used
// again. If read fails, Body holds the bytes that were read before.
func (a *RawResponse) read(body io.Reader, contentLength int64, limit *timeLimit) error {
	most := MaxErrorBody
	if a.StatusCode < 300 {
		most = MaxBody
	}
	if contentLength > int64(most) {
		a.TooLarge, most, contentLength = true, 1<<10, 0 // enough for a sample
	}
	if a.pool == nil {
		a.pool = buffers
	}
	a.buffer = a.pool.Get().(*[]byte)
	buf := (*a.buffer)[:0]
	defer func() { *a.buffer = buf }()
	// A Content-Length may be too large, so it is used up to a limit. The spare bytes avoid growing the buffer just to
	// find the end of the body.
	if ahead := int(min(max(contentLength, 0), maxPooled)) + 512; cap(buf) < ahead {
		buf = make([]byte, 0, ahead)
	}
	for empty := 0; ; {
		n, err := body.Read(buf[len(buf):cap(buf)])
		if n < 0 || n > cap(buf)-len(buf) {
			return errors.New("the response body breaks the rules of io.Reader: it reports an impossible number of bytes")
		}
		if n > 0 {
			empty = 0
		} else if empty++; empty > 100 && err == nil {
			return io.ErrNoProgress
		}
		buf = buf[:len(buf)+n]
		limit.arrived(len(buf))
		switch {
		case len(buf) > most:
			a.TooLarge, a.Body = true, buf[:most]
			return nil
		case err == io.EOF:
			a.Body, a.ended = buf, true
			return nil
		case err != nil:
			a.Body = buf
			return err
		}
		if len(buf) == cap(buf) {
			grown := make([]byte, len(buf), min(2*cap(buf), most+1))
			copy(grown, buf)
			buf = grown
		}
	}
}

// Pooled reports whether the memory of a body of this size may be used for another one.
func Pooled(size int) bool { return size <= maxPooled }

// Release returns the memory of the body, which must not be used any more. It does nothing to a nil RawResponse.
func (a *RawResponse) Release() {
	if a == nil || a.buffer == nil {
		return
	}
	if a.ended && Pooled(cap(*a.buffer)) { // a transport may still write to what did not end
		a.pool.Put(a.buffer)
	}
	a.buffer, a.Body = nil, nil
}

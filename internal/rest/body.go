package rest

import (
	"errors"
	"io"
	"sync"
)

// Bounds on what is read of a body, after decompression.
const (
	MaxBody      = 32 << 20
	MaxErrorBody = 1 << 20
)

// maxPooled is the largest buffer that is kept: one large answer must not hold its memory for ever.
const maxPooled = 1 << 20

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// read reads the whole body, so that the connection can be used again, or as much of it as the bounds allow. After an
// error, Body is what came before it.
func (a *RawResponse) read(body io.Reader, contentLength int64, limit *timeLimit) error {
	most := MaxErrorBody
	if a.StatusCode < 300 {
		most = MaxBody
	}
	if contentLength > int64(most) {
		a.TooLarge, most, contentLength = true, 1<<10, 0 // enough for a sample
	}
	a.buffer = buffers.Get().(*[]byte)
	buf := (*a.buffer)[:0]
	defer func() { *a.buffer = buf }()
	// A server may announce more than it sends, so a promise is believed only so far. The spare bytes let the reader
	// find the end of what was promised without growing.
	if promised := int(min(max(contentLength, 0), maxPooled)) + 512; cap(buf) < promised {
		buf = make([]byte, 0, promised)
	}
	for empty := 0; ; {
		n, err := body.Read(buf[len(buf):cap(buf)])
		if n < 0 || n > cap(buf)-len(buf) {
			return errors.New("the transport's body is no io.Reader: it says that it read more than there was room for")
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
			a.Body = buf
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

// Release gives the body back; it must not be read any more. A nil RawResponse has nothing to give.
func (a *RawResponse) Release() {
	if a == nil || a.buffer == nil {
		return
	}
	if cap(*a.buffer) <= maxPooled {
		buffers.Put(a.buffer)
	}
	a.buffer, a.Body = nil, nil
}

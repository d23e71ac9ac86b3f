// Package frames puts many short messages into one body, each byte for byte and
// with its place in the stream that it came from, and takes them out again. The
// format is docs/formats/defender-messages.md.
//
// It must not know what a message says.
package frames

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// Frame is one message.
type Frame struct {
	Offset int64 // in the stream
	Millis int64 // when the stream took it, in milliseconds since 1970
	Body   []byte
}

// ErrBroken says that a body does not go on with a frame.
var ErrBroken = errors.New("no frame")

// Overhead is the most bytes that a frame adds to its message.
const Overhead = 3*20 + 4

// maxHead is the longest first line of a frame, with its line feed.
const maxHead = 3*20 + 3

// Append adds a frame to dst: a line with offset, time and the length of the
// message in bytes, then the message, then a line feed.
func Append(dst []byte, f Frame) []byte {
	dst = strconv.AppendInt(dst, f.Offset, 10)
	dst = strconv.AppendInt(append(dst, ' '), f.Millis, 10)
	dst = strconv.AppendInt(append(dst, ' '), int64(len(f.Body)), 10)
	dst = append(append(dst, '\n'), f.Body...)
	return append(dst, '\n')
}

// Next returns the frame at the start of body, which must not be empty, and what
// follows it. Its message shares memory with body. The error is ErrBroken.
func Next(body []byte) (f Frame, rest []byte, err error) {
	end := bytes.IndexByte(body[:min(len(body), maxHead)], '\n')
	if end < 0 {
		return f, nil, fmt.Errorf("%w: its first line has no end", ErrBroken)
	}
	fields := bytes.Split(body[:end], []byte{' '})
	if len(fields) != 3 {
		return f, nil, fmt.Errorf("%w: its first line has %d fields, not 3", ErrBroken, len(fields))
	}
	var numbers [3]int64
	for i, field := range fields {
		if numbers[i], err = strconv.ParseInt(string(field), 10, 64); err != nil {
			return f, nil, fmt.Errorf("%w: field %d of its first line is no number", ErrBroken, i+1)
		}
	}
	body = body[end+1:]
	length := numbers[2]
	if length < 0 || length >= int64(len(body)) || body[length] != '\n' {
		return f, nil, fmt.Errorf("%w: its message does not end after %d bytes", ErrBroken, length)
	}
	return Frame{Offset: numbers[0], Millis: numbers[1], Body: body[:length:length]}, body[length+1:], nil
}

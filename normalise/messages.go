package normalise

import "github.com/quoll/quoll/internal/frames"

// messages reads framed messages one by one, so that what is wrong with one
// ends with it.
func (r *run) messages() {
	for body := r.payload.Body; len(body) > 0; {
		frame, rest, err := frames.Next(body)
		if err != nil {
			r.reject(1, body, err.Error())
			return
		}
		message := *r.payload
		message.Body, message.Line = frame.Body, 1
		whole := r.payload
		r.payload = &message
		r.json(r.defenderRecord)
		r.payload = whole
		body = rest
	}
}

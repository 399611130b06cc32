package envelope

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// unmarshalTime decodes a time in a form that RFC 3339 does not allow but that Cloudflare has sent. In these forms, T
// is a blank or a lower-case t, Z is lower-case, or the offset has no colon, has no minutes, or is missing, which means
// UTC.
func unmarshalTime(dec *jsontext.Decoder, t *time.Time) error {
	switch dec.PeekKind() {
	case jsontext.KindNull:
		*t = time.Time{}
		return dec.SkipValue()
	case jsontext.KindString:
		value, err := dec.ReadValue()
		if err != nil {
			return err
		}
		*t, err = parseTime(shortText(value))
		return err
	}
	return fmt.Errorf("JSON %s is not valid for Go type time.Time", kindNames[dec.PeekKind()])
}

var timeLayouts = []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04:05"}

var errTime = errors.New("not a time as in RFC 3339")

func parseTime(text string) (time.Time, error) {
	const date = len("2006-01-02")
	if len(text) > date && strings.ContainsRune(" tT", rune(text[date])) {
		text = text[:date] + "T" + strings.Replace(text[date+1:], "z", "Z", 1)
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errTime
}

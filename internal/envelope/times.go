package envelope

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// LenientTimes decodes times in forms that RFC 3339 does not allow but that Cloudflare has sent. In these forms, T is a
// blank or a lower-case t, Z is lower-case, or the offset has no colon, has no minutes, or is missing, which means UTC.
// LenientTimes makes decoding slower, so use it only after strict decoding has failed with IsTimeError.
var LenientTimes = json.WithUnmarshalers(json.UnmarshalFromFunc(func(dec *jsontext.Decoder, t *time.Time) error {
	switch dec.PeekKind() {
	case jsontext.KindNull:
		*t = time.Time{}
		return dec.SkipValue()
	case jsontext.KindString:
		token, err := dec.ReadToken()
		if err != nil {
			return err
		}
		*t, err = parseTime(token.String())
		return err
	}
	return fmt.Errorf("JSON %s is not valid for Go type time.Time", kindNames[dec.PeekKind()])
}))

// IsTimeError reports whether decoding failed because a time is not in the form of RFC 3339.
func IsTimeError(err error) bool {
	_, ok := errors.AsType[*time.ParseError](err)
	return ok
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

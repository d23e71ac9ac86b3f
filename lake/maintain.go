package lake

import (
	"context"
	"errors"
)

// Maintain keeps the lake in order: it merges small files, of rows and of keys. It may be called
// beside everything else; the rows do not change.
func (l *Lake) Maintain(ctx context.Context) error {
	done, err := l.Compact(ctx)
	if done.Files > 0 {
		l.logger.Info("merged files of the lake", "files", done.Files, "into", done.Into, "rows", done.Rows,
			"bytes", done.BytesIn, "now", done.BytesOut)
	}
	return errors.Join(err, l.mergeKeys(ctx), l.retire(ctx))
}

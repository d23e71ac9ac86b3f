package collect

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
)

// maxSecretBytes bounds a file that holds one secret.
const maxSecretBytes = 64 << 10

// CheckSecretFile refuses a file that is missing, or that every user of the
// machine can read or write; the error says how to mend it. A group may read
// it: that is how container platforms hand secrets over. Windows keeps
// permissions elsewhere than in the mode, so that there only the file is looked
// for.
func CheckSecretFile(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&0o007 != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("%s holds a secret and is open to every user of this machine (mode %04o): run chmod 600 %s (on Kubernetes set defaultMode: 0440 for the volume)", path, mode, path)
	}
	return nil
}

// ReadSecretFile reads the one secret that a file holds, without the white
// space around it. The secret is in no error.
func ReadSecretFile(path string) (Secret, error) {
	if err := CheckSecretFile(path); err != nil {
		return Secret{}, err
	}
	f, err := os.Open(path)
	if err != nil {
		return Secret{}, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecretBytes+1))
	switch {
	case err != nil:
		return Secret{}, fmt.Errorf("read %s: %w", path, err)
	case len(text) > maxSecretBytes:
		return Secret{}, fmt.Errorf("%s has more than %d bytes: it is no secret", path, maxSecretBytes)
	}
	value := strings.TrimSpace(string(text))
	if value == "" {
		return Secret{}, fmt.Errorf("%s is empty", path)
	}
	return NewSecret(value), nil
}

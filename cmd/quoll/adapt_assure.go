package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/quoll/quoll/assure"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/server"
)

// assessmentsFile has the assessor's words, by item. Each change of one is an act
// under the log. catalogueFile, if it is there, is the OSCAL catalogue of an ISM
// release, with which the report compares its list.
const (
	assessmentsFile = "assessments.json"
	catalogueFile   = "ism-catalogue.json"
)

// assurer is the server's view of package assure.
type assurer struct {
	gatherer  *evidenceGatherer
	data      string
	workspace string
	audit     *acts

	mu sync.Mutex // of the file
}

// Assurance implements server.Assurance.
func (a *assurer) Assurance(ctx context.Context) (*assure.Report, error) {
	catalogue, err := readCatalogueFile(filepath.Join(a.data, catalogueFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return a.report(ctx, catalogue)
}

func (a *assurer) report(ctx context.Context, catalogue *assure.Catalogue) (*assure.Report, error) {
	a.mu.Lock()
	words, err := readAssessments(a.data)
	a.mu.Unlock()
	if err != nil {
		return nil, err
	}
	facts, err := a.gatherer.gather(ctx)
	if err != nil {
		return nil, err
	}
	r := assure.NewReport(a.gatherer.now(), facts, words, catalogue)
	r.Workspace, r.Version = a.workspace, version
	return r, nil
}

// Assess implements server.Assurance.
func (a *assurer) Assess(ctx context.Context, item string, given assure.Assessment) (*assure.Assessment, error) {
	given.By, given.Time = server.CallerName(ctx), a.gatherer.now().UTC().Truncate(time.Second)
	err := a.keep(item, given)
	what := act{operation: "Assess control", kind: "Control", id: item, name: item, description: "wrote an assessor's word beside a control", properties: map[string]any{"Status": given.Status, "Remark": given.Remark}}
	if err = a.audit.done(ctx, what, err); err != nil {
		return nil, err
	}
	return &given, nil
}

func (a *assurer) keep(item string, given assure.Assessment) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	words, err := readAssessments(a.data)
	if err != nil {
		return err
	}
	words[item] = given
	text, err := json.MarshalIndent(words, "", "  ")
	if err != nil {
		return err
	}
	if err := durable.WriteFile(durable.OS{}, filepath.Join(a.data, assessmentsFile), append(text, '\n'), 0o640); err != nil {
		return fmt.Errorf("keep the assessment of %s: %w", item, err)
	}
	return nil
}

func readAssessments(data string) (map[string]assure.Assessment, error) {
	words := map[string]assure.Assessment{}
	text, err := os.ReadFile(filepath.Join(data, assessmentsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return words, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &words)
	}
	if err != nil {
		return nil, fmt.Errorf("read assessments: %w", err)
	}
	return words, nil
}

func readCatalogueFile(name string) (*assure.Catalogue, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read catalogue: %w", err)
	}
	defer f.Close()
	c, err := assure.ReadCatalogue(f)
	if err != nil {
		return nil, fmt.Errorf("read catalogue %s: %w", name, err)
	}
	return c, nil
}

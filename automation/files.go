package automation

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Files are the rules of folders, and what is wrong with those that are none.
type Files struct {
	Rules    []*Rule
	Problems []Problem
	paths    map[string]string // by rule id
}

// Problem is a file or folder that no rule comes from, and why.
type Problem struct {
	Path string
	Err  error
}

// Error says where and what.
func (p Problem) Error() string { return fmt.Sprintf("%s: %v", p.Path, p.Err) }

// Load reads the rules of folders, from files that end in .yaml or .yml. What is
// wrong with one keeps none of the others away.
func Load(dirs []string) Files {
	all := Files{paths: map[string]string{}}
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			all.Problems = append(all.Problems, Problem{dir, fmt.Errorf("read automation rules: %w", err)})
			continue
		}
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			if ext := filepath.Ext(path); e.IsDir() || ext != ".yaml" && ext != ".yml" {
				continue
			}
			if err := all.add(path); err != nil {
				all.Problems = append(all.Problems, Problem{path, err})
			}
		}
	}
	return all
}

func (f *Files) add(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read automation rule: %w", err)
	}
	r, err := Parse(text)
	if err != nil {
		return err
	}
	if other := f.paths[r.ID]; other != "" {
		return fmt.Errorf("the id %s is that of %s: give one of them another", r.ID, other)
	}
	f.paths[r.ID] = path
	f.Rules = append(f.Rules, r)
	return nil
}

// checked leaves the rules that can run; those whose queries have mistakes become
// problems.
func (f Files) checked(ctx context.Context, w World) Files {
	out := Files{Problems: f.Problems, paths: f.paths}
	for _, r := range f.Rules {
		if err := r.check(ctx, w); err != nil {
			out.Problems = append(out.Problems, Problem{f.paths[r.ID], err})
			continue
		}
		out.Rules = append(out.Rules, r)
	}
	return out
}

// check compiles the queries of a rule's actions as they would be asked about an
// incident.
func (r *Rule) check(ctx context.Context, w World) error {
	for i, a := range r.Actions {
		if a.Query == nil || w.Check == nil {
			continue
		}
		if err := w.Check(ctx, about(&Incident{}), a.Query.Text); err != nil {
			return fmt.Errorf("automation rule %q: actions[%d]: query %q: %w", r.Name, i, a.Query.Name, err)
		}
	}
	return nil
}

package bind

import (
	"github.com/quoll/quoll/kql/syntax"
)

// laterOperator refuses an operator that the syntax has and the binder lacks.
func (b *binder) laterOperator(op syntax.Operator, rel *relation, s *scope) *relation {
	b.errorf(op.Span(), "this operator is not supported yet")
	return b.nothing()
}

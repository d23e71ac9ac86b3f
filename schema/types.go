package schema

import "github.com/quoll/quoll/kql/types"

// Type is the type of a column: a scalar type of KQL. The constants are for
// packages that fill tables and know nothing of the language.
type Type = types.Type

// The types that columns have.
const (
	TypeBool     = types.Bool
	TypeInt      = types.Int
	TypeLong     = types.Long
	TypeReal     = types.Real
	TypeString   = types.String
	TypeDateTime = types.DateTime
	TypeDynamic  = types.Dynamic
)

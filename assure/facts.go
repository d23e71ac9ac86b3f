package assure

// The names of facts. Whoever gathers them gives each once.
const (
	FactStreams       = "streams"        // whether every source delivers
	FactGaps          = "gaps"           // hours that are complete, late, lost
	FactLag           = "lag"            // from happening to visible
	FactExpiry        = "expiry"         // what the source is about to delete
	FactAuditTables   = "audit-tables"   // rows of UnifiedAuditLog and OfficeActivity
	FactMailTables    = "mail-tables"    // rows of the four Email tables
	FactAlertTables   = "alert-tables"   // rows of SecurityAlert and SecurityIncident
	FactDeviceTables  = "device-tables"  // endpoint and sign-in logs
	FactFields        = "fields"         // who, what, when, where in the rows
	FactForm          = "form"           // one form, the original beside it
	FactTimes         = "times"          // rows of impossible times
	FactDrift         = "drift"          // fields that were seen first
	FactUpstream      = "upstream"       // whether auditing is on at the tenant
	FactCertificates  = "certificates"   // days whose completeness is certified
	FactCloudApps     = "cloud-apps"     // rows of CloudAppEvents
	FactTransport     = "transport"      // encryption on the way
	FactLog           = "log"            // the transparency log
	FactVerification  = "verification"   // of every byte
	FactReconcile     = "reconciliation" // tables and archive
	FactWitnesses     = "witnesses"      // who else keeps checkpoints
	FactArchiveLag    = "archive-lag"    // what is not archived yet
	FactSeparate      = "separate"       // whether the archive is on another disk
	FactLocked        = "locked"         // whether the store itself forbids deletion
	FactEncryption    = "encryption"     // at rest
	FactAccess        = "access"         // who may do what
	FactSignIn        = "sign-in"        // how people sign in
	FactOwnActs       = "own-acts"       // what people do with Quoll
	FactRegion        = "region"         // where the stores are
	FactSearchable    = "searchable"     // the oldest rows
	FactDisposal      = "disposal"       // what is deleted, and holds
	FactDrill         = "drill"          // restore drills
	FactDisk          = "disk"           // room
	FactRules         = "rules"          // what runs
	FactPrivileged    = "privileged"     // rules on privileged access
	FactBreakGlass    = "break-glass"    // rules on emergency accounts
	FactMFA           = "mfa"            // authentication in the rows
	FactMailRules     = "mail-rules"     // rules on mail
	FactDLPRules      = "dlp-rules"      // rules on data loss prevention
	FactLockbox       = "lockbox"        // rules on Microsoft's operators
	FactWatchers      = "watchers"       // rules that watch the watching
	FactInsider       = "insider"        // rules on mass copying and the like
	FactIntelligence  = "intelligence"   // indicators
	FactModels        = "models"         // AI models
	FactHunts         = "hunts"          // recorded hunts
	FactRuleTests     = "rule-tests"     // samples of rules
	FactIncidents     = "incidents"      // the queue
	FactRegister      = "register"       // the fields of a register
	FactReporting     = "reporting"      // to CISO and ASD
	FactPlan          = "plan"           // response plan
	FactNotifications = "notifications"  // who is told
	FactEvidence      = "evidence"       // what is handed out with proofs
	FactExport        = "export"         // ways out of the tables
	FactDuplicates    = "duplicates"     // one alert from two products
)

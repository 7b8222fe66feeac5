package template_test

// fault is one change of the template's text, and what the check that is for it
// must say of it.
type fault struct {
	name, old, new string
	check, says    string
}

func faults() []fault {
	const (
		functions    = "functions have their folders and are built alike"
		environments = "environments are what the code reads"
		routes       = "routes are those of the OpenAPI document"
		api          = "the API asks for a token and names one origin"
		roles        = "roles allow what is used and no more"
		resources    = "queues and topics take messages from their rules alone"
		schedules    = "schedules parse and have dead letters"
		rules        = "rules match their events and no others"
		async        = "asynchronous functions have dead letters"
		queues       = "queues are encrypted and patient"
		logs         = "log groups have a retention"
		alarms       = "alarms exist and are explained"
		tables       = "tables are protected"
		signing      = "signing keys sign and nothing else"
		signIn       = "sign-in returns to the console"
		references   = "references lead somewhere"
	)
	return []fault{
		{"a function of a folder that there is not", "CodeUri: functions/invite", "CodeUri: functions/invites", functions, "no folder functions/invites"},
		{"a folder without a function", "CodeUri: functions/owner", "CodeUri: functions/users", functions, "functions/owner has no function"},
		{"an unknown way to build", "BuildMethod: go1.x", "BuildMethod: go1x", functions, "is not built with go1.x"},
		{"another architecture", "Architectures: [arm64]", "Architectures: [x86_64]", functions, "has Architectures [x86_64]"},
		{"no tracing", "Tracing: Active", "Tracing: PassThrough", functions, "has Tracing PassThrough"},
		{"a function that outlives the API's patience", "Timeout: 29", "Timeout: 60", functions, "works longer than the API waits"},

		{"a misspelt variable", "MAIL_FROM: !Ref MailFrom", "MAIL_FORM: !Ref MailFrom", environments, "reads MAIL_FROM which is not set"},
		{"a variable that nobody reads", "LOG_LEVEL: !Ref LogLevel", "LOG_LEVEL: !Ref LogLevel\n        LOG_FORMAT: !Ref LogLevel", environments, "sets LOG_FORMAT which is not read"},
		{"a required variable that is empty", "EVENT_BUS: !Ref Bus", `EVENT_BUS: ""`, environments, "sets EVENT_BUS to nothing"},
		{"the wrong table", "KEYS_TABLE: !Ref KeysTable", "KEYS_TABLE: !Ref SeatsTable", environments, "sets KEYS_TABLE to something else"},
		{"a secret", "LOG_LEVEL: !Ref LogLevel", "LOG_LEVEL: !Ref LogLevel\n        SIGNING_SECRET: abc", environments, "has a secret in its environment"},

		{"a foreign route", `Path: "/v1/me"`, `Path: "/v1/you"`, routes, "answers GET /v1/you which the OpenAPI document does not have"},
		{"a route that nobody answers", `Path: "/v1/me"`, `Path: "/v1/you"`, routes, "no function answers GET /v1/me"},
		{"a method that there is not", "Method: PUT", "Method: FOO", routes, "answers FOO"},
		{"a route of two functions", `Method: PUT, Path: "/v1/accounts/{account}/owner"`, `Method: GET, Path: "/v1/me"`, routes, "both answer GET /v1/me"},

		{"a route without a token", `Path: "/v1/me"`, `Path: "/v1/me", Auth: {Authorizer: NONE}`, api, "answers GET /v1/me to anybody"},
		{"no default authorizer", "DefaultAuthorizer: Token", "DefaultAuthorizer: Tokens", api, "does not check issuer and audience"},
		{"CORS for everybody", "AllowOrigins: [!Ref ConsoleOrigin]", `AllowOrigins: ["*"]`, api, "may be called from [*]"},
		{"an origin that may be a wildcard", `AllowedPattern: "^https?://[a-z0-9.-]+(:[0-9]+)?$"`, `AllowedPattern: "^.*$"`, api, "ConsoleOrigin takes *"},
		{"a public route without throttling", `"POST /v1/invitations/lookup": {`, `"GET /v1/me": {`, api, "does not throttle the public POST /v1/invitations/lookup"},
		{"a method that CORS holds up", "[GET, POST, PUT, PATCH, DELETE]", "[GET, POST, PUT, PATCH]", api, "but CORS does not let it through"},

		{"a sign-in that comes back elsewhere", `CallbackURLs: [!Sub "${ConsoleUrl}/signed-in"]`, "CallbackURLs: [!Ref ConsoleUrl]", signIn, "CallbackURLs"},
		{"a sign-out that ends elsewhere", `LogoutURLs: [!Sub "${ConsoleUrl}/"]`, "LogoutURLs: [!Ref ConsoleUrl]", signIn, "LogoutURLs"},
		{"a browser that keeps a secret", "GenerateSecret: false", "GenerateSecret: true", signIn, "has a secret"},

		{"a wildcard action", `"dynamodb:BatchGetItem"`, `"dynamodb:*"`, roles, "may do any of dynamodb:*"},
		{"a wildcard resource", "Resource: !GetAtt KeysTable.Arn", `Resource: "*"`, roles, "is not held to one resource"},
		{"a missing permission", `"dynamodb:DeleteItem"`, `"dynamodb:ConditionCheckItem"`, roles, "may not dynamodb:DeleteItem on SeatsTable"},
		{"a permission too many", `Action: ["events:PutEvents"]`, `Action: ["events:PutEvents", "events:PutRule"]`, roles, "does not need events:PutRule on Bus"},
		{"a shared role", "Role: !GetAtt RevokeRole.Arn", "Role: !GetAtt AssignRole.Arn", roles, "shares a role"},
		{"mail as anybody", `"ses:FromAddress": !Ref MailFrom`, `"ses:FromAddress": !Ref AlarmEmail`, roles, "may send mail as anybody"},
		{"a role for anybody", "Principal: {Service: lambda.amazonaws.com}", `Principal: {AWS: "*"}`, roles, "can be taken by"},

		{"a queue that its rule may not fill", `{"aws:SourceArn": !GetAtt MailRule.Arn}`, `{"aws:SourceArn": !GetAtt CloseDueRule.Arn}`, resources, "no policy lets MailRule to MailQueue"},
		{"a queue for anybody", "Principal: {Service: events.amazonaws.com}", `Principal: "*"`, resources, "lets in others than a service of AWS"},

		{"a cron expression of five fields", "cron(0 * * * ? *)", "cron(0 * * * ?)", schedules, "CloseDueFunction has no schedule"},
		{"a time zone that there is not", "ScheduleExpressionTimezone: UTC", "ScheduleExpressionTimezone: Europe/Dublinn", schedules, `unknown time zone "Europe/Dublinn"`},
		{"a schedule without dead letters", "            DeadLetterConfig: {Arn: !GetAtt ScheduleDeadLetters.Arn}\n", "", schedules, "has a schedule without dead letters"},
		{"a schedule's name for all stacks", "            Name: !Sub \"${AWS::StackName}-expire\"\n", "            Name: expire\n", schedules, "whose name another stack may have"},

		{"a misspelt event type", "- user.invited", "- user.invitd", rules, "MailRule does not take usher user.invited"},
		{"a misspelt field of the envelope", "detail-type: [accounts.due]", "detail-typ: [accounts.due]", rules, "CloseDueRule does not take usher accounts.due"},
		{"an event too many", "- user.invited", "- user.invited\n              - user.joined", rules, "MailRule takes usher user.joined"},
		{"events of others", "source: [usher]", "source: [usher, somebody]", rules, "MailRule takes somebody user.invited"},
		{"a rule on another bus", "EventBusName: !Ref Bus", "EventBusName: default", rules, "listens to another bus"},
		{"a stream filter that takes changes", `"eventName":["INSERT"]`, `"eventName":["INSERT","MODIFY"]`, rules, "publish's filter takes MODIFY"},

		{"a target without dead letters", "          DeadLetterConfig: {Arn: !GetAtt MailDeadLetters.Arn}\n", "", async, "MailRule has a target without dead letters"},
		{"a queue without dead letters", "      RedrivePolicy: {deadLetterTargetArn: !GetAtt CloseDeadLetters.Arn", "      Redrive: {deadLetterTargetArn: !GetAtt CloseDeadLetters.Arn", async, "CloseQueue has no dead letters"},
		{"a function without a destination of failures", "DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt ScheduleDeadLetters.Arn}}", "DestinationConfig: {}", async, "has no dead letters"},
		{"a stream without a destination of failures", "DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt PublishDeadLetters.Arn}}", "DestinationConfig: {}", async, "PublishFunction has no dead letters"},
		{"a batch that fails as a whole", "FunctionResponseTypes: [ReportBatchItemFailures]", "FunctionResponseTypes: []", async, "repeats a whole batch for one failure"},
		{"a message that comes back too early", "VisibilityTimeout: 180", "VisibilityTimeout: 120", async, "MailQueue shows a message again"},
		{"no ceiling on the close", "            ScalingConfig: {MaximumConcurrency: 5} # a month-end must not starve the API\n", "", async, "CloseFunction has no ceiling"},

		{"a queue in the clear", "SqsManagedSseEnabled: true", "SqsManagedSseEnabled: false", queues, "is not encrypted"},
		{"a queue that forgets", "MessageRetentionPeriod: 1209600", "MessageRetentionPeriod: 3600", queues, "forgets before 14 days"},

		{"a log group that keeps everything", "      RetentionInDays: !Ref LogRetentionDays\n", "", logs, "keeps its lines for ever"},
		{"another's log group", "LogGroup: !Ref AcceptLogGroup", "LogGroup: !Ref InviteLogGroup", logs, "shares its log group"},

		{"an alarm of something else", "Dimensions: [{Name: FunctionName, Value: !Ref OwnerFunction}]", "Dimensions: [{Name: FunctionName, Value: !Ref UsersFunction}]", alarms, "no alarm watches Errors of OwnerFunction"},
		{"dead letters that nobody sees", "!GetAtt CloseDeadLetters.QueueName}]\n", "!GetAtt MailDeadLetters.QueueName}]\n", alarms, "no alarm watches ApproximateNumberOfMessagesVisible of CloseDeadLetters"},
		{"an alarm that tells nobody", "AlarmActions: [!Ref AlarmTopic]", "AlarmActions: []", alarms, "tells nobody by AlarmActions"},
		{"an alarm without an entry", "infra/runbook.md#close-age", "infra/runbook.md#close-old", alarms, "links to close-old which the runbook lacks"},
		{"silence taken for good", "TreatMissingData: breaching", "TreatMissingData: notBreaching", alarms, "takes silence for notBreaching"},

		{"a table that cannot be restored", "PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false", tables, "SeatsTable has no point-in-time recovery"},
		{"a table that can be deleted", "DeletionProtectionEnabled: true", "DeletionProtectionEnabled: false", tables, "SeatsTable can be deleted"},
		{"a table that goes with its stack", "    DeletionPolicy: Retain\n", "    DeletionPolicy: Delete\n", tables, "SeatsTable goes with its stack"},
		{"an unknown way to bill", "BillingMode: PAY_PER_REQUEST", "BillingMode: PAYG", tables, "is not billed on demand"},
		{"a key that is not declared", "{AttributeName: gsk, AttributeType: S}", "{AttributeName: gsx, AttributeType: S}", tables, "declares other attributes"},
		{"keys that never expire", "TimeToLiveSpecification: {AttributeName: ttl", "TimeToLiveSpecification: {AttributeName: expires", tables, "KeysTable lets nothing expire"},

		{"a key of another kind", "KeySpec: ECC_NIST_EDWARDS25519", "KeySpec: RSA_2048", signing, "SigningKey is not of Ed25519"},
		{"a key that goes with its stack", "    Type: AWS::KMS::Key\n    DeletionPolicy: Retain\n", "    Type: AWS::KMS::Key\n", signing, "SigningKey goes with its stack"},
		{"a key for anybody", `Principal: {AWS: !Sub "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}`, `Principal: {AWS: "*"}`, signing, "SigningKey is another account's too"},
		{"a signer that is not asked for by name", `^(arn:[a-z-]+:kms:`, `^(arn:.*:kms:`, signing, "SigningKeys takes"},
		{"a reference to nothing", "EVENT_BUS: !Ref Bus", "EVENT_BUS: !Ref Buss", references, "leads to Buss"},
		{"a parameter that nobody uses", "AlarmEmail:\n", "AlarmMail: {Type: String}\n  AlarmEmail:\n", references, "parameter AlarmMail is not used"},
	}
}

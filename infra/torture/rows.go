package main

import "slices"

// row says which test tries a fault. A test can try several, and a fault have several
// tests, at several depths.
type row struct {
	fault     int
	pkg, test string
}

func rows() []row {
	return slices.Concat(crashes(), contention(), money(), security())
}

// crashes, retries, duplicates, order.
func crashes() []row {
	return []row{
		{1, "internal/seats", "TestAProcessThatDiesAtAnyCallLeavesNothingHalf"},
		{1, "internal/api", "TestAKilledProcessLeavesNothingHalfDone"},
		{1, "internal/api", "TestEveryCommandSurvivesACrashAtEachCall"},
		{2, "internal/api", "TestALostAnswerIsGivenAgainByteForByte"},
		{3, "internal/api", "TestAKeyIsNotForOthers"},
		{4, "internal/api", "TestFiftyAtOnceWithOneKeyHaveOneEffect"},
		{5, "internal/api", "TestAKeyIsItsAccountsForADay"},
		{6, "internal/api", "TestAKeyHoldsWhenTheDatabasesTokenIsForgotten"},
		{7, "functions/mail", "TestDelivery"},
		{8, "internal/events", "TestEventsInAnyOrderLeadToTheSameState"},
		{8, "functions/mail", "TestMailsDoNotDependOnTheOrderOfEvents"},
		{9, "functions/publish", "TestEveryCommittedEventReachesTheBus"},
		{10, "internal/events/relay", "TestOfAPartialFailureOnlyTheFailedEntriesAreSentAgain"},
		{11, "internal/events/relay", "TestAPoisonRecordHoldsUpNoNeighbour"},
		{12, "functions/mail", "TestAnOutageOfTheMailLosesNothing"},
		{12, "functions/mail", "TestTheListOfInvitationsSaysWhatBecameOfEachMail"},
		{13, "functions/mail", "TestDelivery"},
		{14, "functions/close", "TestAnInvocationWhoseTimeIsUpGivesItsMessageBack"},
		{14, "functions/mail", "TestDelivery"},
	}
}

// contention on pools, owners and the database.
func contention() []row {
	return []row{
		{15, "internal/api", "TestTheLastSeatIsTakenOnce"},
		{16, "internal/api", "TestHistoriesOfAPoolAreLinearizable"},
		{17, "internal/api", "TestTwoChangesAtOnceAreChargedOnce"},
		{18, "internal/store", "TestUnderConflictsACommitHappensOnceOrNotAtAll"},
		{19, "infra/local/story", "TestTheRealBinaries"},
		{20, "infra/local/story", "TestTheRealBinaries"},
		{21, "internal/seats", "TestRacesForTheOwnershipLeaveOneOwner"},
		{22, "internal/seats", "TestTransfersInEveryOrderEndLegally"},
		{23, "internal/seats", "TestFiveHundredLicensesSurviveEveryCrash"},
	}
}

// money, calendar, closing.
func money() []row {
	return []row{
		{24, "internal/api", "TestACycleIsClosedOnceHoweverOftenItRuns"},
		{25, "functions/close", "TestAClosingProcessThatDiesAgainAndAgainEndsWithTheSameBooks"},
		{26, "internal/seats", "TestAChangeAtTheLastInstantFallsInOnePeriod"},
		{27, "internal/seats", "TestInvoiceNumbersHaveNoGapWhateverDies"},
		{28, "internal/billing", "TestTheCalendarOfEveryZone"},
		{29, "internal/seats", "TestClocksThatJumpBillEachPeriodOnce"},
		{30, "internal/seats", "TestWhatIsBoughtWithinAPeriodAddsUp"},
		{31, "internal/seats", "TestNoAmountIsIssuedThatDoesNotFit"},
		{32, "internal/seats", "TestAbsurdResultsAreParkedAndNothingElseIs"},
		{33, "internal/audit", "TestAnIssuedInvoiceNeverChanges"},
	}
}

// security.
func security() []row {
	return []row{
		{34, "internal/api", "TestNobodyReachesAnotherAccount"},
		{35, "internal/api", "TestEveryRoleMayDoWhatTheMatrixSays"},
		{36, "internal/api", "TestEveryMistakeIsRefusedAndChangesNothing"},
		{36, "internal/api", "TestNoAnswerHoldsASecret"},
		{37, "internal/api", "TestNoGuessOpensAnInvitation"},
		{37, "internal/api", "TestALinkIsUsedOnceHoweverManyPressItAtOnce"},
		{38, "internal/api", "TestAnswersDoNotTellWhoIsKnown"},
		{39, "internal/api", "TestLookUpsAreLimitedForEachAddress"},
		{40, "internal/api", "TestHostileNamesAreStoredAsTypedOrRefused"},
		{40, "internal/mail", "TestHostileNamesAddNoHeader"},
		{41, "internal/license", "TestNoForgeryIsAccepted"},
		{42, "internal/api", "TestARightEndsWithItsCommit"},
		{42, "internal/api", "TestALinkDiesWithTheCommitThatReplacesIt"},
		{42, "internal/api", "TestALicenseEndsWithTheCommitThatTakesIt"},
		{43, "infra/console/browser", "TestHostileTextsAreTextOnEveryPage"},
		{44, "infra/template", "TestRolesAllowWhatTheCodeDoes"},
	}
}

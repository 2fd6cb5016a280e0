# All times are UTC: the archive takes a day when it is over, the backup is at 02:00 and done within half an hour.
locals {
  schedules = {
    locksweep    = { expression = "rate(1 minute)", text = "ends locks that no gateway has ended (L5)" }
    auditarchive = { expression = "cron(15 0 * * ? *)", text = "archives yesterday's trail (T5)" }
    backupverify = { expression = "cron(0 3 * * ? *)", text = "verifies last night's backup (O4)" }
  }
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.schedules

  name                = "${var.name}-${each.key}"
  description         = each.value.text
  schedule_expression = each.value.expression
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = local.schedules

  rule  = aws_cloudwatch_event_rule.this[each.key].name
  arn   = aws_lambda_function.this[each.key].arn
  input = "{}" # as a schedule calls it: the newest backup, everything that is due
}

resource "aws_lambda_permission" "schedule" {
  for_each = local.schedules

  statement_id  = "schedule"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this[each.key].function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.this[each.key].arn
}

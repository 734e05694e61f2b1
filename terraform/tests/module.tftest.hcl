# terraform init && terraform test, in the rendered folder; no provider, no network.

run "hands_over_what_was_rendered" {
  command = plan

  assert {
    condition     = output.user_data == file("./user-data")
    error_message = "user_data is not the text of the file."
  }
  assert {
    condition     = contains([filebase64("./user-data"), try(filebase64("./user-data.gz"), "")], output.user_data_base64)
    error_message = "user_data_base64 is neither file in base64."
  }
  assert {
    condition     = contains([sha256(output.user_data), try(filesha256("./user-data.gz"), "")], output.user_data_sha256)
    error_message = "user_data_sha256 is not the hash of either file."
  }
  assert {
    # For ASCII, which the user-data is, length() counts bytes.
    condition     = output.user_data_base64 != base64encode(output.user_data) || output.user_data_bytes == length(output.user_data)
    error_message = "user_data_bytes is not the size of the file."
  }
  assert {
    condition     = output.user_data_bytes > 0 && output.user_data_bytes <= output.user_data_limit
    error_message = "user_data_bytes is over user_data_limit."
  }
  assert {
    condition     = can(regex("^(#cloud-config\n|Content-Type: multipart/|MIME-Version: )", output.user_data))
    error_message = "cloud-init would not know this user-data by its first line."
  }
}

run "refuses_an_unknown_cloud" {
  command = plan

  variables {
    cloud = "nowhere"
  }
  expect_failures = [var.cloud]
}

run "refuses_an_unknown_limit" {
  command = plan

  variables {
    limit = "none"
  }
  expect_failures = [var.limit]
}

variable "upgrade_kernel" {
  description = "Whether the distribution's newest kernel is installed first; the machine is rebooted into it."
  type        = bool
  default     = false
}

variable "reboot" {
  description = "Whether the machine may be rebooted where the next kernel is not the running one."
  type        = bool
  default     = true
}

variable "seal" {
  description = "Whether what belongs to this one machine is taken away at the end: keys, ids, logs, cloud-init's state."
  type        = bool
  default     = true
}

variable "report_directory" {
  description = "Where the receipt and the log are copied to, be it well or not."
  type        = string
  default     = "report"
}

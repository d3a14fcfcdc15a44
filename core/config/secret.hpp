// Secrets: a string key may be written as { file = "/run/secrets/x" } or { env = "X" } instead of a plain string.
#pragma once

#include "core/config/node.hpp"
#include "tarsier/result.hpp"

namespace tarsier::config {

/// A table with exactly one of the two keys, and a string in it.
bool is_secret_reference(const Node& node) noexcept;

/// Puts the secret's text in place of the reference. A trailing newline of a file is left off. The error never holds the secret.
Result<void> resolve_secret(Node& node);

}  // namespace tarsier::config

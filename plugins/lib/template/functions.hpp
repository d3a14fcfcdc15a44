// What a template can call: Go's built-ins, and Prometheus' functions.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/template/value.hpp"
#include "tarsier/result.hpp"

namespace tarsier::tmpl {

/// What functions need from outside.
struct Environment {
  std::string external_url;
  int64_t now_ns = 0;
  /// Runs an instant query: a list of maps with "Labels" (a map) and "Value". Empty: `query` is an error.
  std::function<Result<Value>(const std::string& expression)> query;
};

bool is_function(std::string_view name);

/// Calls a function other than `and` and `or`, which the executor evaluates lazily.
Result<Value> call_function(std::string_view name, const std::vector<Value>& arguments, const Environment& environment);

}  // namespace tarsier::tmpl

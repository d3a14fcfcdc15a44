// Arguments: the options and operands of one subcommand.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarsier/result.hpp"

namespace tarsier::host::cli {

struct OptionSpec {
  std::string_view name;        ///< "--data-dir"
  std::string_view short_name;  ///< "-c", or ""
  std::string_view value;       ///< what it takes, for the help: "DIR"; "" for a flag
  std::string_view help;
  bool repeatable = false;
};

class Arguments {
 public:
  /// `--name value`, `--name=value`, `-c value`; `--` ends the options. INVALID names the option, and the nearest known one.
  static Result<Arguments> parse(std::span<const std::string_view> words, std::span<const OptionSpec> options);

  bool has(std::string_view name) const { return values_.contains(name); }
  /// The last value given, or `otherwise`.
  std::string get(std::string_view name, std::string_view otherwise = {}) const;
  std::vector<std::string> all(std::string_view name) const;
  const std::vector<std::string>& operands() const noexcept { return operands_; }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::vector<std::string> operands_;
};

}  // namespace tarsier::host::cli

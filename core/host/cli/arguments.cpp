#include "core/host/cli/arguments.hpp"

#include <algorithm>

#include "core/config/nearest.hpp"

namespace tarsier::host::cli {
namespace {

Error unknown(std::string_view word, std::span<const OptionSpec> options) {
  std::vector<std::string> names;
  for (const OptionSpec& option : options) names.emplace_back(option.name);
  const std::string close = config::nearest(word, names);
  return Error::invalid("unknown option " + std::string(word) + (close.empty() ? "" : "; did you mean " + close + "?"));
}

}  // namespace

Result<Arguments> Arguments::parse(std::span<const std::string_view> words, std::span<const OptionSpec> options) {
  Arguments arguments;
  bool only_operands = false;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (only_operands || word.size() < 2 || word.front() != '-') {
      arguments.operands_.emplace_back(word);
      continue;
    }
    if (word == "--") {
      only_operands = true;
      continue;
    }
    const size_t equals = word.starts_with("--") ? std::min(word.find('='), word.size()) : word.size();
    const std::string_view name = word.substr(0, equals);
    const auto option = std::find_if(options.begin(), options.end(), [&](const OptionSpec& o) {
      return o.name == name || (!o.short_name.empty() && o.short_name == name);
    });
    if (option == options.end()) return unknown(name, options);
    auto& values = arguments.values_[std::string(option->name)];
    if (!option->repeatable && !values.empty()) return Error::invalid("option " + std::string(name) + " is given twice");
    if (option->value.empty()) {
      if (equals != word.size()) return Error::invalid("option " + std::string(name) + " takes no value");
      values.emplace_back();
    } else if (equals != word.size()) {
      values.emplace_back(word.substr(equals + 1));
    } else if (i + 1 < words.size()) {
      values.emplace_back(words[++i]);
    } else {
      return Error::invalid("option " + std::string(name) + " needs a value: " + std::string(option->value));
    }
  }
  return arguments;
}

std::string Arguments::get(std::string_view name, std::string_view otherwise) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string(otherwise) : found->second.back();
}

std::vector<std::string> Arguments::all(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

}  // namespace tarsier::host::cli

// Any rules on any labels, read from lines "label NAME VALUE" and "rule ACTION MODULUS SOURCES SEPARATOR REGEX TARGET REPLACEMENT",
// words parted by tabs and sources by commas: a rule is refused or it holds what it promises, and explain says the same as apply.
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/relabel/explain.hpp"
#include "tarsier/utf8.hpp"

namespace {

using namespace tarsier::relabel;

void check(bool holds) {
  if (!holds) std::abort();
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t size = std::min(text.find(separator), text.size());
    parts.emplace_back(text.substr(0, size));
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  return parts;
}

struct Input {
  std::map<std::string, std::string> labels;
  std::vector<Rule> rules;
};

Input read(std::string_view text) {
  Input input;
  for (const std::string& line : split(text, '\n')) {
    std::vector<std::string> words = split(line, '\t');
    words.resize(8);
    if (words[0] == "label") input.labels[words[1]] = words[2];
    if (words[0] != "rule" || input.rules.size() == 16) continue;
    RuleText rule{.source_labels = split(words[3], ','),
                  .separator = words[4],
                  .regex = words[5],
                  .modulus = std::strtoull(words[2].c_str(), nullptr, 10),
                  .target_label = words[6],
                  .replacement = words[7],
                  .action = words[1]};
    const bool has_fault = find_fault(rule).has_value();
    auto compiled = Rule::compile(std::move(rule));
    check(!has_fault || !compiled);
    if (compiled) input.rules.push_back(std::move(*compiled));
  }
  return input;
}

void fill(Labels& labels, const Input& input) {
  for (const auto& [name, value] : input.labels) labels.begin_with(name, value);
}

bool is_text(const Input& input) {
  for (const auto& [name, value] : input.labels)
    if (!tarsier::is_utf8(name) || !tarsier::is_utf8(value)) return false;
  for (const Rule& rule : input.rules)
    if (!tarsier::is_utf8(rule.text().replacement) || !tarsier::is_utf8(rule.text().separator)) return false;
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Input input = read({reinterpret_cast<const char*>(data), size});
  Labels labels, explained;
  fill(labels, input);
  fill(explained, input);
  const bool keep = apply_all(input.rules, labels);
  const auto steps = explain(input.rules, explained);
  check(steps.size() == input.rules.size());
  check((steps.empty() || steps.back().keep) == keep);
  if (!keep) return 0;
  std::map<std::string, std::string, std::less<>> after;
  for (const auto& [name, value] : labels.all()) {
    check(!value.empty());
    check(after.emplace(name, value).second);
    if (is_text(input)) check(tarsier::is_utf8(name) && tarsier::is_utf8(value));
  }
  if (!steps.empty()) check(steps.back().labels == after);
  return 0;
}

// label_replace() and label_join().
#include <algorithm>
#include <array>
#include <re2/re2.h>

#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/exec/evaluator.hpp"

namespace tarsier::promql {
namespace {

const std::string& text_of(const Node& node) { return static_cast<const StringNode&>(unwrap(node)).value; }

bool is_label_name(std::string_view name) { return !name.empty() && is_utf8(name); }

/// Go's Regexp.Expand: $1, ${1}, $name, ${name}, $$; a group that is not there is empty.
std::string expand(std::string_view replacement, const RE2& regex, const std::vector<re2::StringPiece>& groups) {
  std::string out;
  while (!replacement.empty()) {
    const size_t dollar = std::min(replacement.find('$'), replacement.size());
    out += replacement.substr(0, dollar);
    replacement.remove_prefix(dollar);
    if (replacement.empty()) break;
    replacement.remove_prefix(1);
    if (!replacement.empty() && replacement.front() == '$') {
      out.push_back('$');
      replacement.remove_prefix(1);
      continue;
    }
    const bool braced = !replacement.empty() && replacement.front() == '{';
    size_t size = braced ? 1 : 0;
    const auto is_word = [](char c) {
      return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    while (size < replacement.size() && is_word(replacement[size])) ++size;
    const std::string name(replacement.substr(braced ? 1 : 0, size - (braced ? 1 : 0)));
    if (name.empty() || (braced && (size >= replacement.size() || replacement[size] != '}'))) {
      out.push_back('$');  // not a reference: stays as it is
      continue;
    }
    replacement.remove_prefix(braced ? size + 1 : size);
    size_t group = groups.size();
    if (name.find_first_not_of("0123456789") == std::string::npos) {
      group = name.size() < 6 ? static_cast<size_t>(std::stoul(name)) : groups.size();
    } else if (const auto found = regex.NamedCapturingGroups().find(name); found != regex.NamedCapturingGroups().end()) {
      group = static_cast<size_t>(found->second);
    }
    if (group < groups.size() && groups[group].data() != nullptr) out.append(groups[group].data(), groups[group].size());
  }
  return out;
}

/// Gives a series another set of labels; a name that was set anew stays.
void relabel(QueryContext& context, Series& series, std::string_view name, std::string_view value) {
  LabelsBuilder builder(series.labels, &context);
  builder.set(name, value);
  series.labels = builder.build();
  if (name == kMetricName) series.drop_name = false;
}

/// What a replacement can become at most.
uint64_t most_bytes(std::string_view replacement, std::string_view value) {
  const auto references = static_cast<uint64_t>(std::count(replacement.begin(), replacement.end(), '$'));
  return replacement.size() + references * value.size();
}

}  // namespace

Result<Vector> Evaluator::label_replace(const CallNode& node) {
  auto result = vector(*node.arguments[0]);
  if (!result) return result;
  const std::string& target = text_of(*node.arguments[1]);
  const std::string& replacement = text_of(*node.arguments[2]);
  const std::string& source = text_of(*node.arguments[3]);
  const std::string& pattern = text_of(*node.arguments[4]);
  RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  const RE2 regex(pattern, options);
  if (!regex.ok()) return Error(TARSIER_UNSUPPORTED, "invalid regular expression in label_replace(): " + pattern);
  if (!is_label_name(target)) return Error(TARSIER_UNSUPPORTED, "invalid destination label name in label_replace(): " + target);
  std::vector<re2::StringPiece> groups(static_cast<size_t>(regex.NumberOfCapturingGroups()) + 1);
  for (Series& series : result->series) {
    const std::string_view value = series.labels.get(source);
    // A value can grow at each call in a call.
    if (auto room = context_.room_for(most_bytes(replacement, value) / kBytesOfSample); !room) return std::move(room).error();
    if (!regex.Match(re2::StringPiece(value.data(), value.size()), 0, value.size(), RE2::ANCHOR_BOTH, groups.data(),
                     static_cast<int>(groups.size())))
      continue;
    relabel(context_, series, target, expand(replacement, regex, groups));
  }
  if (auto room = context_.check(); !room) return std::move(room).error();
  if (auto merged = merge_equal(result->series, kSameLabels); !merged) return std::move(merged).error();
  return result;
}

Result<Vector> Evaluator::label_join(const CallNode& node) {
  auto result = vector(*node.arguments[0]);
  if (!result) return result;
  const std::string& target = text_of(*node.arguments[1]);
  const std::string& separator = text_of(*node.arguments[2]);
  std::vector<std::string> sources;
  for (size_t i = 3; i < node.arguments.size(); ++i) {
    sources.push_back(text_of(*node.arguments[i]));
    if (!is_label_name(sources.back()))
      return Error(TARSIER_UNSUPPORTED, "invalid source label name in label_join(): " + sources.back());
  }
  if (!is_label_name(target)) return Error(TARSIER_UNSUPPORTED, "invalid destination label name in label_join(): " + target);
  for (Series& series : result->series) {
    std::string value;
    uint64_t bytes = separator.size() * sources.size();
    for (const std::string& name : sources) bytes += series.labels.get(name).size();
    if (auto room = context_.room_for(bytes / kBytesOfSample); !room) return std::move(room).error();
    for (size_t i = 0; i < sources.size(); ++i) {
      if (i > 0) value += separator;
      value += series.labels.get(sources[i]);
    }
    relabel(context_, series, target, value);
  }
  if (auto room = context_.check(); !room) return std::move(room).error();
  if (auto merged = merge_equal(result->series, kSameLabels); !merged) return std::move(merged).error();
  return result;
}

}  // namespace tarsier::promql

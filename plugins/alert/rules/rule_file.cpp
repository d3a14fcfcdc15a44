#include "plugins/alert/rules/rule_file.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <yaml-cpp/yaml.h>

#include "plugins/alert/rules/yaml_place.hpp"
#include "plugins/lib/promql/parser.hpp"
#include "plugins/lib/promql/text.hpp"

namespace tarsier::rules {
namespace {

constexpr size_t kMaxFileBytes = size_t{16} << 20U;

constexpr std::string_view kVariables[] = {"$labels", "$externalLabels", "$externalURL", "$value"};

/// What a parser of a scalar's value says, "line:column: what" of the value; all of it is meant when there is no place in front.
struct Inside {
  size_t offset = 0;
  std::string_view what;
};

Inside split(std::string_view value, std::string_view message) {
  Place place;
  const char* const end = message.data() + message.size();
  auto read = std::from_chars(message.data(), message.data() + message.size(), place.line);
  if (read.ec != std::errc() || read.ptr == end || *read.ptr != ':') return {0, message};
  read = std::from_chars(read.ptr + 1, end, place.column);
  if (read.ec != std::errc() || read.ptr == end || *read.ptr != ':') return {0, message};
  std::string_view what(read.ptr + 1, static_cast<size_t>(end - read.ptr - 1));
  what.remove_prefix(what.starts_with(' ') ? 1 : 0);
  return {offset_of(value, place), what};
}

class Reader {
 public:
  Reader(const std::string& file, std::string_view text) : file_(file), text_(text) {
    if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);  // YAML's places do not count the byte order mark
  }

  Result<std::vector<Group>> read() {
    if (text_.size() > kMaxFileBytes) return Error::invalid(file_ + ":1:1: larger than 16 MiB");
    std::vector<Group> groups;
    try {
      const YAML::Node root = YAML::Load(std::string(text_));
      if (!root.IsNull()) file(root, groups);
    } catch (const YAML::Exception& thrown) {
      return Error::invalid(file_ + ":" + rules::text(place_of(thrown.mark)) + ": " + thrown.msg);
    }
    if (!findings_.empty()) return Error::invalid(findings_);
    return groups;
  }

 private:
  void find(Place place, const std::string& what) {
    if (!findings_.empty()) findings_ += '\n';
    findings_ += file_ + ":" + rules::text(place) + ": " + what;
  }
  void find(const YAML::Node& at, const std::string& what) { find(place_of(at), what); }
  /// What a parser says of the scalar's value, where in the file it means.
  void find_inside(const YAML::Node& scalar, const std::string& context, std::string_view message) {
    const Inside inside = split(scalar.Scalar(), message);
    find(place_inside(text_, scalar, inside.offset), context + ": " + std::string(inside.what));
  }

  bool mapping(const YAML::Node& node, const char* what) {
    if (!node.IsMap()) {
      find(node, std::string(what) + ": expected a mapping");
      return false;
    }
    std::map<std::string, Place> seen;
    for (const auto& entry : node) {
      const auto [earlier, is_new] = seen.emplace(entry.first.Scalar(), place_of(entry.first));
      if (!is_new)
        find(entry.first, "mapping key \"" + earlier->first + "\" already defined at line " + std::to_string(earlier->second.line));
    }
    return true;
  }

  /// True for a mapping; keys that are not known are findings.
  bool mapping(const YAML::Node& node, const char* what, std::initializer_list<std::string_view> known) {
    if (!mapping(node, what)) return false;
    for (const auto& entry : node) {
      const std::string key = entry.first.Scalar();
      if (std::find(known.begin(), known.end(), key) == known.end())
        find(entry.first, std::string(what) + ": field " + key + " not found");
    }
    return true;
  }

  std::string scalar(const YAML::Node& node, const char* what) {
    if (!node.IsDefined() || node.IsNull()) return "";
    if (node.IsScalar()) return node.Scalar();
    find(node, std::string(what) + ": expected text");
    return "";
  }

  int64_t duration(const YAML::Node& node, const char* what) {
    const std::string text = scalar(node, what);
    if (text.empty()) return 0;
    const auto parsed = parse_duration(text);
    if (parsed) return *parsed;
    find(node, std::string(what) + ": " + parsed.error().message());
    return 0;
  }

  void file(const YAML::Node& root, std::vector<Group>& groups) {
    if (!mapping(root, "rule file", {"groups"})) return;
    const YAML::Node list = root["groups"];
    if (!list.IsDefined() || list.IsNull()) return;
    if (!list.IsSequence()) return find(list, "groups: expected a list");
    std::set<std::string> names;
    for (const auto& node : list) {
      Group parsed = group(node);
      if (parsed.name.empty()) find(node, "Groupname must not be empty");
      if (!names.insert(parsed.name).second) find(node, "groupname: \"" + parsed.name + "\" is repeated in the same file");
      groups.push_back(std::move(parsed));
    }
  }

  Group group(const YAML::Node& node) {
    Group result;
    result.file = file_;
    if (!mapping(node, "group", {"name", "interval", "query_offset", "limit", "labels", "rules"})) return result;
    result.name = scalar(node["name"], "name");
    result.interval_ns = duration(node["interval"], "interval");
    result.query_offset_ns = duration(node["query_offset"], "query_offset");
    if (const YAML::Node limit = node["limit"]; limit.IsDefined() && !limit.IsNull()) {
      const std::string text = scalar(limit, "limit");
      if (text.empty() || text.size() > 15 || text.find_first_not_of("0123456789") != std::string::npos) {
        find(limit, "limit: expected a number, got \"" + text + "\"");
      } else {
        result.limit = std::stoull(text);
      }
    }
    const std::vector<Templated> shared = templates(node["labels"], "labels", true);
    const YAML::Node list = node["rules"];
    if (!list.IsDefined() || list.IsNull()) return result;
    if (!list.IsSequence()) {
      find(list, "rules: expected a list");
      return result;
    }
    for (const auto& entry : list) result.rules.push_back(rule(entry, result.name, shared));
    return result;
  }

  Rule rule(const YAML::Node& node, const std::string& group, const std::vector<Templated>& shared) {
    Rule result;
    result.line = place_of(node).line;
    result.column = place_of(node).column;
    if (!mapping(node, "rule", {"record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"})) return result;
    const std::string record = scalar(node["record"], "record");
    const std::string alert = scalar(node["alert"], "alert");
    if (!record.empty() && !alert.empty()) find(node, "only one of 'record' and 'alert' must be set");
    if (record.empty() && alert.empty()) find(node, "one of 'record' or 'alert' must be set");
    result.alerting = !alert.empty();
    result.name = result.alerting ? alert : record;
    result.expression = scalar(node["expr"], "expr");
    if (result.expression.empty()) {
      find(node, "field 'expr' must be set in rule");
    } else if (const auto parsed = promql::parse(result.expression); !parsed) {
      find_inside(node["expr"], "group \"" + group + "\", rule \"" + result.name + "\"", parsed.error().message());
    }
    result.for_ns = duration(node["for"], "for");
    result.keep_firing_for_ns = duration(node["keep_firing_for"], "keep_firing_for");
    result.labels = templates(node["labels"], "labels", true);
    for (const Templated& label : shared) {
      const bool own =
          std::any_of(result.labels.begin(), result.labels.end(), [&](const Templated& mine) { return mine.name == label.name; });
      if (!own) result.labels.push_back(label);
    }
    result.annotations = templates(node["annotations"], "annotations", false);
    if (!result.alerting) check_recording(node, result);
    return result;
  }

  void check_recording(const YAML::Node& node, const Rule& rule) {
    if (node["annotations"].IsDefined()) find(node["annotations"], "invalid field 'annotations' in recording rule");
    if (node["for"].IsDefined()) find(node["for"], "invalid field 'for' in recording rule");
    if (node["keep_firing_for"].IsDefined()) find(node["keep_firing_for"], "invalid field 'keep_firing_for' in recording rule");
    // Braces in a name are nearly always an expression in the wrong field.
    if (!rule.name.empty() && (!promql::is_utf8(rule.name) || rule.name.find_first_of("{}") != std::string::npos))
      find(node["record"], "invalid recording rule name: " + rule.name);
  }

  std::vector<Templated> templates(const YAML::Node& node, const char* what, bool labels) {
    std::vector<Templated> result;
    if (!node.IsDefined() || node.IsNull()) return result;
    if (!mapping(node, what)) return result;
    for (const auto& entry : node) {
      const std::string name = entry.first.Scalar();
      if (name.empty() || !promql::is_utf8(name) || (labels && name == "__name__"))
        find(entry.first, std::string("invalid ") + (labels ? "label" : "annotation") + " name: " + name);
      std::string text = scalar(entry.second, what);
      if (labels && !promql::is_utf8(text)) find(entry.second, "invalid label value of " + name + ": not UTF-8");
      auto parsed = tmpl::parse(text, kVariables);
      if (!parsed) {
        find_inside(entry.second, std::string(what) + " \"" + name + "\"", parsed.error().message());
        continue;
      }
      result.push_back({name, std::move(text), std::make_shared<const tmpl::Template>(std::move(*parsed))});
    }
    return result;
  }

  const std::string& file_;
  std::string_view text_;
  std::string findings_;
};

}  // namespace

Result<std::vector<Group>> parse_rule_file(const std::string& file, std::string_view text) { return Reader(file, text).read(); }

}  // namespace tarsier::rules

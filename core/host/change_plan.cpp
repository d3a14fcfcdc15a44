// The planning half of Change: the order, and what has to happen to each instance.
#include <algorithm>

#include "core/config/host_schema.hpp"
#include "core/config/node.hpp"
#include "core/host/change.hpp"
#include "core/host/section_findings.hpp"
#include "core/host/start_order.hpp"

namespace tarsier::host {
namespace {

bool wanted(const InstanceSpec& spec) { return spec.enabled && spec.refusal.empty(); }

bool same_node(const InstanceSpec& a, const InstanceSpec& b) {
  if (a.node == nullptr || b.node == nullptr) return a.node == b.node;
  return config::same_content(*a.node, *b.node);
}

// The same for the plugin: what differs, if anything, are the keys that the host has for every instance.
bool same_for_plugin(const config::Node& a, const config::Node& b) {
  const auto own = [](const config::Node& section) {
    config::Node table = section;
    std::erase_if(table.children, [](const config::Node& child) {
      const auto keys = config::instance_keys();
      return std::any_of(keys.begin(), keys.end(), [&](const tarsier_config_key* key) { return child.key == key->path; });
    });
    return table;
  };
  return config::same_content(own(a), own(b));
}

// Without the defaults, in which two versions of a plugin may differ.
config::Node written(config::Node node) {
  std::erase_if(node.children, [](const config::Node& child) { return child.defaulted; });
  for (config::Node& child : node.children) child = written(std::move(child));
  return node;
}

bool needs(const tarsier_plugin& plugin, std::string_view service) {
  for (auto need = plugin.needs; need != nullptr && *need != nullptr; ++need) {
    const std::string_view name = (*need)->name;
    if (name.substr(0, name.find('@')) == service) return true;
  }
  return false;
}

}  // namespace

// Puts the specs into start order; what cannot start gets its refusal.
void Change::order(std::vector<InstanceSpec> specs) {
  for (const InstanceSpec& spec : specs) {
    if (!spec.refused_file.empty()) report_.warnings.push_back(file_warning(spec));
  }
  refuse_second_singletons(specs);
  std::vector<StartNode> nodes;
  std::vector<InstanceSpec*> of_node;
  for (InstanceSpec& spec : specs) {
    if (!wanted(spec)) continue;
    nodes.push_back(start_node(spec.name, spec.module->path(), *spec.plugin));
    of_node.push_back(&spec);
  }
  const StartOrder order = order_start(nodes);
  for (const auto& [node, reason] : order.refused) of_node[node]->refusal = reason;
  for (const auto& level : order.levels) {
    for (const size_t node : level) steps_.emplace_back(std::move(*of_node[node]));
    level_ends_.push_back(steps_.size());
  }
  for (InstanceSpec& spec : specs) {
    if (!spec.name.empty() && !wanted(spec)) steps_.emplace_back(std::move(spec));
  }
  for (const auto& entry : lifecycle_.entries_) {
    const auto named = [&](const Step& step) { return step.spec.name == entry->spec.name; };
    if (std::any_of(steps_.begin(), steps_.end(), named)) continue;
    Step& step = steps_.emplace_back(entry->spec, Kind::remove);
    step.spec.enabled = false;
    step.gone = true;
  }
}

void Change::refuse_second_singletons(std::vector<InstanceSpec>& specs) {
  for (auto spec = specs.begin(); spec != specs.end(); ++spec) {
    if (!wanted(*spec) || (spec->plugin->flags & TARSIER_PLUGIN_SINGLETON) == 0) continue;
    const auto first = std::find_if(specs.begin(), spec, [&](const InstanceSpec& other) {
      return wanted(other) && std::string_view(other.plugin->id) == spec->plugin->id;
    });
    if (first != spec)
      spec->refusal = std::string("the plugin ") + spec->plugin->id + " runs once only, and " + first->name + " uses it";
  }
}

bool Change::same_as_before(const Step& step) const {
  const InstanceSpec& before = step.entry->spec;
  return before.module == step.spec.module && before.plugin == step.spec.plugin && same_node(before, step.spec) &&
         before.refusal == step.spec.refusal && before.enabled == step.spec.enabled;
}

// What it reads besides its section may have changed; whoever asks for a reload wants to know.
bool Change::may_read_anew(const Step& step) const {
  return strict_ && (step.spec.plugin->flags & TARSIER_PLUGIN_READS_FILES) != 0;
}

void Change::decide(Step& step) {
  step.entry = lifecycle_.find(step.spec.name);
  if (step.entry != nullptr && step.entry->running()) step.old = step.entry->instance;
  if (step.kind == Kind::remove) return;
  if (!wanted(step.spec)) {
    const bool news = step.entry == nullptr || !same_as_before(step);
    if (!step.spec.refusal.empty() && news) problem(step, step.spec.refusal);
    step.kind = step.old != nullptr ? Kind::remove : Kind::refuse;
    return;
  }
  if (step.old == nullptr) {
    // One that failed and did not change waits for its restart, as before.
    const bool waits = step.entry != nullptr && step.entry->state == State::failed && same_as_before(step) && !may_read_anew(step);
    step.kind = waits ? Kind::keep : Kind::add;
    step.hangs = !waits && lifecycle_.hangs(step.spec);
    if (step.hangs) {
      step.failure = Lifecycle::kHangs;
      report_.warnings.push_back(section_finding(step.spec, step.failure).text());
    }
    return;
  }
  if (same_as_before(step)) {
    if (may_read_anew(step)) step.kind = Kind::reconfigure;
    return;
  }
  const bool same_file = step.old->module() == step.spec.module && &step.old->plugin() == step.spec.plugin;
  step.kind = same_file ? Kind::reconfigure : Kind::replace;
  step.upgrade = !same_file && config::same_content(written(*step.entry->spec.node), written(*step.spec.node));
  if (same_file && same_for_plugin(*step.entry->spec.node, *step.spec.node)) step.kind = Kind::adjust;
}

// A consumer that may hold something inside a provider which goes away has to start again with the new one.
bool Change::holds_something_in(const Step& consumer, const Step& provider) const {
  if (&consumer == &provider || consumer.old == nullptr) return false;
  const auto holds = [&](const OfferedService& service) {
    return (service.flags & TARSIER_OFFER_REBINDABLE) == 0 && needs(consumer.old->plugin(), service.name);
  };
  const auto& offered = provider.old->offered();
  if (std::none_of(offered.begin(), offered.end(), holds)) return false;
  const auto users = lifecycle_.rooms_.services->consumers_of(provider.spec.name);
  return std::find(users.begin(), users.end(), consumer.spec.name) != users.end();
}

void Change::find_dependants() {
  for (Step& step : steps_) {
    step.beside = step.kind == Kind::replace && !step.old->exclusive() && !step.fresh->exclusive();
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (const Step& provider : steps_) {
      const bool goes = provider.old != nullptr &&
                        (provider.kind == Kind::replace || provider.kind == Kind::remove || provider.kind == Kind::cycle);
      if (!goes) continue;
      for (Step& consumer : steps_) {
        const bool stays =
            consumer.kind == Kind::keep || consumer.kind == Kind::adjust || consumer.kind == Kind::reconfigure || consumer.beside;
        if (!stays || !holds_something_in(consumer, provider)) continue;
        if (consumer.kind != Kind::replace) consumer.kind = Kind::cycle;
        consumer.beside = false;
        changed = true;
      }
    }
  }
}

}  // namespace tarsier::host

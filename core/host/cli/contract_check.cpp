#include "core/host/cli/contract_check.hpp"

#include <filesystem>
#include <fstream>

#include "core/config/schema.hpp"
#include "core/host/cli/scratch_host.hpp"
#include "core/host/cli/suggestion_check.hpp"
#include "core/host/cli/suggestion_run.hpp"
#include "core/loader/elf_file.hpp"

namespace tarsier::host::cli {
namespace {

namespace fs = std::filesystem;

std::string needs_of(const tarsier_plugin& plugin) {
  std::string text;
  for (auto need = plugin.needs; need != nullptr && *need != nullptr; ++need) {
    if (((*need)->flags & TARSIER_NEED_OPTIONAL) == 0) text += (text.empty() ? "" : ", ") + std::string((*need)->name);
  }
  return text;
}

class Checker {
 public:
  explicit Checker(std::string file) : file_(std::move(file)) {}

  std::vector<CheckLine> run() {
    if (!check_file()) return std::move(lines_);
    ask_for_suggestions();
    if (scratch()) {
      auto module = loader::Module::load(file_);
      if (line("descriptor", module)) {
        for (const tarsier_plugin* plugin : (*module)->plugins()) check_plugin(*plugin, **module);
        const std::string name = (*module)->path();
        add((*module)->unload(), "unload", "the file is unmapped", name + " stays in memory after it was unloaded");
      }
    }
    return std::move(lines_);
  }

 private:
  void add(bool ok, const std::string& what, const std::string& good, const std::string& bad) {
    lines_.push_back({ok ? CheckLine::Outcome::ok : CheckLine::Outcome::failed, what, ok ? good : bad});
  }
  template <class T>
  bool line(const std::string& what, const Result<T>& result, const std::string& good = {}) {
    add(result.ok(), what, good, result.ok() ? std::string() : result.error().message());
    return result.ok();
  }

  bool check_file() {
    auto elf = loader::ElfFile::open(file_);
    if (!line("file", elf)) return false;
    auto note = loader::read_note(*elf);
    if (!line("note", note, note ? note->ids.front() + " " + note->version + ", built by " + note->build : "")) return false;
    if (!line("ABI", loader::check_abi(*note, file_))) return false;
    auto symbols = elf->dynamic_symbols();
    if (!line("symbol table", symbols)) return false;
    std::string extra;
    for (const std::string& name : symbols->exported) extra += name == TARSIER_MODULE_QUERY ? "" : " " + name;
    add(extra.empty() && symbols->exported.size() == 1, "symbols", "exports " TARSIER_MODULE_QUERY " and nothing else",
        extra.empty() ? "does not export " TARSIER_MODULE_QUERY : "exports more than " TARSIER_MODULE_QUERY ":" + extra);
    add(symbols->unique.empty(), "unique symbols", "none",
        std::to_string(symbols->unique.size()) + " (STB_GNU_UNIQUE), the first is " +
            (symbols->unique.empty() ? "" : symbols->unique.front()) +
            ": the file can never be unloaded; build with -fno-gnu-unique");
    return true;
  }

  // Before there is a host with its threads: it is done in a child process.
  void ask_for_suggestions() {
    const SuggestionRun run = run_suggestions(file_, {.alone = true});
    for (const std::string& id : run.asked) {
      std::string fault = run.failure.starts_with(id + ": ") ? run.failure : "";
      size_t count = 0;
      for (const KeptSuggestion& suggestion : run.suggestions) {
        if (suggestion.plugin != id) continue;
        ++count;
        if (fault.empty()) fault = suggestion_fault(suggestion, {fs::absolute(file_).parent_path().string()});
      }
      add(fault.empty(), "suggestions of " + id, std::to_string(count) + " made", fault);
    }
  }

  bool scratch() {
    auto host = ScratchHost::start();
    if (!host) return line("scratch host", host);
    host_ = std::move(*host);
    return true;
  }

  void check_plugin(const tarsier_plugin& plugin, loader::Module& module) {
    const std::string id = plugin.id;
    if (!line("schema of " + id, config::Schema::compile(config::keys_of(plugin.schema)))) return;
    const auto spec = sample(plugin, module);
    if (!line("sample of " + id, spec)) return;
    const std::string needs = needs_of(plugin);
    for (int round = 1; round <= 2; ++round) {
      if (!line("life cycle of " + id + ", round " + std::to_string(round), cycle(*spec, needs.empty()))) return;
    }
    if (!needs.empty()) lines_.push_back({CheckLine::Outcome::skipped, "start of " + id, "it needs " + needs});
  }

  // The sample section, checked as the host does it.
  Result<InstanceSpec> sample(const tarsier_plugin& plugin, loader::Module& module) {
    const std::string text = plugin.sample_toml == nullptr ? "" : plugin.sample_toml;
    if (text.empty()) return Error::invalid("there is no sample_toml");
    const fs::path directory = host_->directory() / plugin.id;
    fs::create_directories(directory / "plugins");
    std::ofstream(directory / "sample.toml") << "[host]\nplugin_dirs = [\"plugins\"]\n" << text;
    fs::create_symlink(fs::absolute(file_), directory / "plugins" / "it.so");
    std::unique_ptr<loader::PluginDirectory> found;
    Modules modules;
    const Desired desired = read_desired({(directory / "sample.toml").string(), {}, {}, {}}, found, modules);
    if (!desired.ok()) return Error::invalid(config::to_text(desired.findings));
    for (const InstanceSpec& spec : desired.specs) {
      if (spec.plugin == nullptr || std::string_view(spec.plugin->id) != plugin.id) continue;
      InstanceSpec own = spec;
      own.plugin = module.find(plugin.id);
      own.module.reset();
      return own;
    }
    for (const InstanceSpec& spec : desired.specs) {
      if (!spec.refusal.empty()) return Error::invalid(spec.refusal);
    }
    return Error::invalid(std::string("it holds no section of the plugin ") + plugin.id);
  }

  Result<void> cycle(InstanceSpec spec, bool start) {
    const Deadlines limits;
    const tarsier_plugin& plugin = *spec.plugin;
    auto instance = Instance::make(host_->rooms(), std::move(spec), nullptr, plugin, {});
    auto done = instance->create(limits.call);
    if (done) done = instance->configure(limits.call);
    if (done && start) done = instance->start(limits.call);
    if (done && start) done = instance->ask_services();
    if (instance->started()) {
      if (done) done = instance->quiesce(limits.drain);
      const auto stopped = instance->stop(limits.stop);
      if (done) done = stopped;
    }
    if (instance->abandoned()) return done;
    auto destroyed = instance->destroy(limits.call);
    return done ? destroyed : done;
  }

  std::string file_;
  std::unique_ptr<ScratchHost> host_;
  std::vector<CheckLine> lines_;
};

}  // namespace

std::vector<CheckLine> check_contract(const std::string& file) { return Checker(file).run(); }

}  // namespace tarsier::host::cli

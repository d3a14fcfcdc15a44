#include "core/host/cli/suggestion_run.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/loader/module.hpp"

namespace tarsier::host::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMostBytes = size_t{16} << 20U;  // of one file's suggestions

// What goes through the pipe: records of texts, each with its length in front.
enum Record : char { kBegin = 'b', kSuggestion = 's', kError = 'e', kEnd = '.' };

// ---- the child

void write_all(int fd, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(fd, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) ::_exit(1);  // nobody listens any more
    data += written;
    size -= static_cast<size_t>(written);
  }
}

void write_record(int fd, Record kind, const std::vector<std::string_view>& texts) {
  std::string out(1, kind);
  const auto number = [&out](size_t value) {
    const auto small = static_cast<uint32_t>(value);
    out.append(reinterpret_cast<const char*>(&small), sizeof(small));
  };
  number(texts.size());
  for (const std::string_view text : texts) {
    number(text.size());
    out += text;
  }
  write_all(fd, out.data(), out.size());
}

struct Pipe {
  int fd;
};

void add(void* user, const tarsier_suggestion* suggestion) {
  std::vector<std::string_view> texts = {view(suggestion->title), view(suggestion->why), view(suggestion->toml),
                                         view(suggestion->note)};
  for (uint32_t i = 0; i < suggestion->known_by_count; ++i) texts.push_back(view(suggestion->known_by[i]));
  write_record(static_cast<Pipe*>(user)->fd, kSuggestion, texts);
}

[[noreturn]] void ask(const std::string& file, int to, const SuggestionLimits& limits) {
  ::setpgid(0, 0);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);  // what a plugin prints is none of the answer
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL}) ::signal(signal, SIG_DFL);
  Pipe pipe{to};
  auto module = loader::Module::load(file);
  if (!module) {
    write_record(to, kError, {module.error().message()});
    ::_exit(0);
  }
  if (limits.alone && ::unshare(CLONE_NEWNET) != 0) (void)::unshare(CLONE_NEWUSER | CLONE_NEWNET);  // or it cannot be had
  const std::vector<std::string>& wanted = limits.plugins;
  const auto until = std::chrono::duration_cast<std::chrono::nanoseconds>((Clock::now() + limits.time).time_since_epoch()).count();
  const tarsier_suggestions suggestions = {sizeof(tarsier_suggestions), 0, &pipe, add, until};
  for (const tarsier_plugin* plugin : (*module)->plugins()) {
    if (!TARSIER_HAS(plugin, suggest) || plugin->suggest == nullptr) continue;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), plugin->id) == wanted.end()) continue;
    write_record(to, kBegin, {plugin->id});
    tarsier_error error = empty_error();
    if (const tarsier_status status = plugin->suggest(&suggestions, &error); status != TARSIER_OK)
      write_record(to, kError, {Error::from_c(status, error).message()});
  }
  write_record(to, kEnd, {});
  ::_exit(0);  // no destructors: whatever the plugin has begun ends here
}

// ---- the parent

// Takes one whole record from the front; false when there is none yet.
bool take_record(std::string_view& bytes, char& kind, std::vector<std::string>& texts) {
  std::string_view rest = bytes;
  const auto number = [&rest](uint32_t& value) {
    if (rest.size() < sizeof(value)) return false;
    std::memcpy(&value, rest.data(), sizeof(value));
    rest.remove_prefix(sizeof(value));
    return true;
  };
  if (rest.empty()) return false;
  kind = rest.front();
  rest.remove_prefix(1);
  uint32_t count = 0, size = 0;
  if (!number(count)) return false;
  texts.clear();
  for (uint32_t i = 0; i < count; ++i) {
    if (!number(size) || rest.size() < size) return false;
    texts.emplace_back(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  bytes = rest;
  return true;
}

// Whether the last word of the child was that it is through.
bool read_records(std::string_view bytes, SuggestionRun& run) {
  char kind = 0;
  std::vector<std::string> texts;
  bool ended = false;
  while (take_record(bytes, kind, texts)) {
    const std::string plugin = run.asked.empty() ? std::string() : run.asked.back();
    if (kind == kBegin && texts.size() == 1) run.asked.push_back(texts[0]);
    if (kind == kError && texts.size() == 1) run.failure = plugin.empty() ? texts[0] : plugin + ": " + texts[0];
    ended = kind == kEnd || (kind == kError && plugin.empty());
    if (kind != kSuggestion || texts.size() < 4) continue;
    run.suggestions.push_back({plugin, texts[0], texts[1], texts[2], texts[3], {texts.begin() + 4, texts.end()}});
  }
  return ended;
}

// All that the child writes until it ends; false when the time was up first.
bool receive(int from, Clock::time_point until, std::string& bytes) {
  while (bytes.size() < kMostBytes) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return false;
    pollfd one{from, POLLIN, 0};
    if (::poll(&one, 1, static_cast<int>(left)) <= 0) continue;
    char piece[4096];
    const ssize_t got = ::read(from, piece, sizeof(piece));
    if (got == 0 || (got < 0 && errno != EINTR)) return true;
    if (got > 0) bytes.append(piece, static_cast<size_t>(got));
  }
  return true;
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return std::string("crashed: ") + ::strsignal(WTERMSIG(status));
  return "ended the process with code " + std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

}  // namespace

SuggestionRun run_suggestions(const std::string& file, const SuggestionLimits& limits) {
  SuggestionRun run;
  int ends[2];
  const pid_t child = ::pipe(ends) == 0 ? ::fork() : -1;
  if (child < 0) {
    run.failure = file + ": no process to ask it in: " + std::strerror(errno);
    return run;
  }
  if (child == 0) {
    ::close(ends[0]);
    ask(file, ends[1], limits);
  }
  ::close(ends[1]);
  std::string bytes;
  const bool in_time = receive(ends[0], Clock::now() + limits.time, bytes);
  ::close(ends[0]);
  ::kill(child, SIGKILL);  // it has ended, or has to
  ::kill(-child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (read_records(bytes, run)) return run;
  const std::string who = run.asked.empty() ? file : run.asked.back();
  run.failure =
      who + ": " + (in_time ? how_it_ended(status) : "gave no answer within " + std::to_string(limits.time.count()) + " ms");
  return run;
}

}  // namespace tarsier::host::cli

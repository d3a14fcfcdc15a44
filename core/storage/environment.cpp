// The environment seen from its callers: the queue, the writer thread's loop, snapshots and figures.
#include "core/storage/environment.hpp"

#include <algorithm>
#include <lmdb.h>
#include <pthread.h>

#include "core/storage/data_dir.hpp"
#include "core/storage/files.hpp"
#include "core/storage/handle.hpp"
#include "core/storage/page_walk.hpp"
#include "core/storage/sealed_note.hpp"
#include "core/storage/snapshot.hpp"

namespace tarsier::storage {
namespace {

constexpr int64_t kQueueFullRetryNs = 10'000'000;
constexpr uint64_t kUnhurriedBytes = 128 << 10;  // more does not wait for yet more

}  // namespace

Environment::Environment(Shared& shared, Settings settings)
    : shared_(shared),
      settings_(std::move(settings)),
      commit_durability_(settings_.commit_durability),
      quota_bytes_(settings_.quota_bytes) {}

Result<std::shared_ptr<Environment>> Environment::open(Shared& shared, Settings settings) {
  const std::string data_file = settings.dir + "/data.mdb";
  const std::string context = "open environment " + settings.name;
  std::shared_ptr<Environment> environment(new Environment(shared, std::move(settings)));
  if (environment->sealed()) {
    auto noted = read_sealed_note(environment->dir());
    if (!noted) return std::move(noted).error().in(context);
    auto size = size_of_file(data_file);
    if (!size) return std::move(size).error().in(context);
    if (*size < noted->bytes) return Error(TARSIER_CORRUPT, context + ": " + data_file + " is shorter than what was sealed");
    return environment;
  }
  auto exists = is_there(data_file);
  if (!exists) return std::move(exists).error().in(context);
  const bool is_new = !*exists;
  if (!is_new) {
    auto recovered = recover_synced_state(environment->dir(), shared.options.boot_id);
    if (!recovered) return std::move(recovered).error().in(context);
    environment->unsynced_ = *recovered == Recovered::kNotSynced;
    auto tree = walk_tree(data_file);
    if (!tree) return std::move(tree).error().in(context);
  }
  auto file =
      is_new ? environment->make_file() : LmdbFile::open(environment->dir(), LmdbFile::Mode::kActive, shared.options.map_bytes);
  if (!file) return std::move(file).error().in(context);
  environment->known_file_bytes_ = (*file)->file_bytes();
  if (auto txn = (*file)->begin_read()) {
    environment->used_bytes_ = (*file)->usage(*txn).bytes;
    (*file)->end_read(*txn);
  }
  environment->set_file(std::move(*file));
  if (environment->unsynced_) environment->make_safe();
  return environment;
}

/// It gets its name when its first pages are on the disk: a file without them would look damaged after a power cut.
Result<std::shared_ptr<LmdbFile>> Environment::make_file() {
  if (auto ok = shared_.budget.admit(64U << 10U); !ok) return std::move(ok).error();
  if (auto ok = make_directories(dir()); !ok) return std::move(ok).error();
  auto fresh = make_fresh_file(shared_.options.data_dir, name(), shared_.options.map_bytes);
  if (!fresh) return fresh;
  if (auto ok = adopt_fresh_file(fresh_file_dir(shared_.options.data_dir, name()), dir()); !ok) {
    // Nothing is in it, and its name may not stay.
    static_cast<void>(remove_file(dir() + "/data.mdb").ok());
    return std::move(ok).error();
  }
  shared_.budget.add(static_cast<int64_t>((*fresh)->file_bytes()));
  return fresh;
}

Environment::~Environment() {
  {
    const std::lock_guard lock(queue_mutex_);
    stopping_ = true;
    queue_changed_.notify_all();
  }
  if (writer_.joinable()) writer_.join();
  if (pin_ != nullptr) file_->end_read(pin_);
  if (sealed() && file_ != nullptr) --shared_.open_sealed_files;
}

void Environment::share(bool commit_durability, uint64_t quota_bytes) {
  if (commit_durability) commit_durability_ = true;
  const uint64_t quota = quota_bytes_;
  if (quota_bytes != 0 && (quota == 0 || quota_bytes < quota)) quota_bytes_ = quota_bytes;
}

std::shared_ptr<LmdbFile> Environment::file() const {
  const std::lock_guard lock(file_mutex_);
  return file_;
}

void Environment::set_file(std::shared_ptr<LmdbFile> file) {
  const std::lock_guard lock(file_mutex_);
  file_ = std::move(file);
}

Result<void> Environment::submit(std::unique_ptr<Transaction> transaction) {
  if (sealed()) return Error::invalid("environment " + name() + " is sealed: it cannot be written");
  if (removed_) return Error::not_found("environment " + name() + " was removed");
  {
    const std::lock_guard lock(broken_mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (broken_ && now < retry_at_) {
      return Error(broken_->code(), "environment " + name() + ": " + broken_->message(), (retry_at_ - now).count());
    }
  }
  if (transaction->grows) {
    if (auto ok = shared_.budget.admit(transaction->bytes); !ok) return std::move(ok).error().in("environment " + name());
  }
  const std::lock_guard lock(queue_mutex_);
  if (stopping_) return Error::unavailable("environment " + name() + " is closing");
  const uint64_t quota = quota_bytes_;
  if (transaction->grows && quota != 0 && used_bytes_ + queued_bytes_ + transaction->bytes > quota) {
    return Error(TARSIER_RESOURCE, "environment " + name() + ": its quota of " + std::to_string(quota) + " bytes is used up");
  }
  if (queued_bytes_ != 0 && queued_bytes_ + transaction->bytes > shared_.options.queue_bytes) {
    return Error(TARSIER_AGAIN,
                 "environment " + name() + ": " + std::to_string(queued_bytes_) + " bytes are waiting to be committed",
                 kQueueFullRetryNs);
  }
  if (transaction->handle != nullptr) ++transaction->handle->pending;
  queued_bytes_ += transaction->bytes;
  enqueue({std::move(transaction), nullptr});
  return {};
}

/// With the queue's lock held. The writer is woken where somebody waits, much is there, or it has to look at the clock from now on.
void Environment::enqueue(Item item) {
  const bool is_first = queue_.empty();
  const bool may_wait = item.transaction != nullptr && item.transaction->unhurried && queued_bytes_ < kUnhurriedBytes;
  if (is_first) patience_until_ = std::chrono::steady_clock::now() + shared_.options.patience;
  queue_.push_back(std::move(item));
  hurry_ = hurry_ || !may_wait;
  start_writer();
  if (is_first || hurry_) queue_changed_.notify_one();
}

void Environment::wait_for(const tarsier_env* handle) {
  std::unique_lock lock(queue_mutex_);
  hurry_ = hurry_ || !queue_.empty();
  queue_changed_.notify_one();
  pending_changed_.wait(lock, [handle] { return handle->pending == 0; });
}

/// What a killed process left unsynced goes to the disk: soon, and before anything can be written over it. Who opens does not wait.
void Environment::make_safe() {
  const std::lock_guard lock(queue_mutex_);
  enqueue({nullptr, [this] {
             if (auto ok = begin_interval(); !ok) broke(ok.error());  // the first commit tries again
           }});
}

bool Environment::on_writer_thread() const noexcept { return writer_id_ == std::this_thread::get_id(); }

void Environment::start_writer() {
  if (writer_.joinable()) return;
  writer_ = std::thread([this] { run(); });
  pthread_setname_np(writer_.native_handle(), ("w:" + name()).substr(0, 15).c_str());
}

Result<void> Environment::run_on_writer(const std::function<Result<void>()>& task) {
  std::optional<Result<void>> result;
  std::mutex done_mutex;
  std::condition_variable done;
  {
    const std::lock_guard lock(queue_mutex_);
    if (stopping_) return Error::unavailable("environment " + name() + " is closing");
    enqueue({nullptr, [&] {
               Result<void> outcome = task();
               const std::lock_guard done_lock(done_mutex);
               result = std::move(outcome);
               done.notify_all();
             }});
  }
  std::unique_lock lock(done_mutex);
  done.wait(lock, [&] { return result.has_value(); });
  return std::move(*result);
}

Result<void> Environment::sync_now() {
  if (sealed()) return {};
  if (removed_) return Error::not_found("environment " + name() + " was removed");
  if (on_writer_thread()) return Error::invalid("sync is not for the writer thread");
  auto done = run_on_writer([&]() -> Result<void> {
    auto ready = prepare_to_write();
    return ready ? sync() : ready;
  });
  if (!done) return std::move(done).error().in("sync environment " + name());
  return done;
}

bool Environment::is_due(SteadyTime now) const noexcept {
  const bool to_commit = !queue_.empty() && (hurry_ || stopping_ || now >= patience_until_);
  return to_commit || (unsynced_ && now >= sync_due_);
}

/// False when the writer is to end: the queue is empty and nobody will fill it.
bool Environment::wait_for_work(std::unique_lock<std::mutex>& lock) {
  while (!is_due(std::chrono::steady_clock::now())) {
    if (queue_.empty() && stopping_) return false;
    SteadyTime next = SteadyTime::max();
    if (!queue_.empty()) next = patience_until_;
    if (unsynced_) next = std::min(next, sync_due_);
    if (next == SteadyTime::max()) {
      queue_changed_.wait(lock);
    } else {
      queue_changed_.wait_until(lock, next);
    }
  }
  return true;
}

void Environment::run() {
  writer_id_ = std::this_thread::get_id();
  std::unique_lock lock(queue_mutex_);
  while (wait_for_work(lock)) {
    Group group;
    std::function<void()> task;
    uint64_t bytes = 0;
    while (!queue_.empty() && (group.empty() || bytes < shared_.options.group_bytes)) {
      Item& item = queue_.front();
      if (item.task != nullptr) {
        if (group.empty()) {
          task = std::move(item.task);
          queue_.pop_front();
        }
        break;
      }
      bytes += item.transaction->bytes;
      group.push_back(std::move(item.transaction));
      queue_.pop_front();
    }
    if (queue_.empty()) hurry_ = false;
    lock.unlock();
    if (!group.empty()) commit_group(group);
    if (unsynced_ && std::chrono::steady_clock::now() >= sync_due_) {
      if (auto ok = sync(); !ok) broke(ok.error());
    }
    if (task != nullptr) task();
    lock.lock();
    queued_bytes_ -= bytes;
  }
  lock.unlock();
  if (unsynced_) {
    if (auto ok = sync(); !ok) broke(ok.error());
  }
}

/// file_mutex_ is held. Damage is final; a disk that failed, or too many open files, is looked at anew the next time.
Result<void> Environment::open_sealed() {
  if (damage_) return *damage_;
  if (file_ != nullptr) return {};
  auto done = sealed_checked_ ? Result<void>() : check_sealed(dir());
  auto opened = done ? LmdbFile::open(dir(), LmdbFile::Mode::kSealed, 0) : Result<std::shared_ptr<LmdbFile>>(done.error());
  if (!opened) {
    Error error = std::move(opened).error().in("environment " + name());
    if (error.code() == TARSIER_CORRUPT) damage_ = error;
    return error;
  }
  sealed_checked_ = true;
  file_ = std::move(*opened);
  ++shared_.open_sealed_files;
  return {};
}

/// When nobody reads it and many are open; the last of those who did may still hold the file for a moment. Whoever comes next opens
/// it, and does not check it again.
void Environment::close_idle_sealed() {
  const std::lock_guard lock(file_mutex_);
  const std::lock_guard snapshots_lock(snapshots_mutex_);
  if (file_ == nullptr || !snapshots_.empty() || shared_.open_sealed_files <= shared_.options.idle_sealed_files) return;
  file_.reset();
  --shared_.open_sealed_files;
}

Result<std::shared_ptr<LmdbFile>> Environment::enter(tarsier_snapshot* snapshot) {
  const std::lock_guard lock(file_mutex_);
  if (sealed()) {
    if (auto opened = open_sealed(); !opened) return std::move(opened).error();
  }
  if (file_ == nullptr) return Error::unavailable("environment " + name() + " could not be opened again after its disk failed");
  const std::lock_guard snapshots_lock(snapshots_mutex_);
  snapshot->place = snapshots_.insert(snapshots_.end(), snapshot);
  return file_;
}

Error Environment::reason_of(Error error) {
  const std::lock_guard lock(broken_mutex_);
  return broken_ && error.code() == TARSIER_UNAVAILABLE ? Error(broken_->code(), broken_->message()) : std::move(error);
}

void Environment::leave(tarsier_snapshot* snapshot) {
  {
    const std::lock_guard lock(snapshots_mutex_);
    snapshots_.erase(snapshot->place);
  }
  if (sealed()) close_idle_sealed();
}

std::vector<tarsier_snapshot*> Environment::snapshots_of(const tarsier_env* handle) {
  const std::lock_guard lock(snapshots_mutex_);
  std::vector<tarsier_snapshot*> found;
  std::copy_if(snapshots_.begin(), snapshots_.end(), std::back_inserter(found),
               [handle](const tarsier_snapshot* one) { return one->handle() == handle; });
  return found;
}

EnvironmentStatistics Environment::statistics() {
  EnvironmentStatistics out;
  out.name = name();
  out.sealed = sealed();
  out.commits = commits_;
  out.transactions = transactions_;
  out.failed_transactions = failed_transactions_;
  out.written_bytes = written_bytes_;
  out.syncs = syncs_;
  out.commit_ns = commit_ns_;
  for (size_t i = 0; i < out.commit_latency.size(); ++i) out.commit_latency[i] = commit_latency_[i];
  {
    const std::lock_guard lock(queue_mutex_);
    out.queue_bytes = queued_bytes_;
  }
  const auto open_file = file();
  out.file_bytes = open_file != nullptr ? open_file->file_bytes() : file_size(dir() + "/data.mdb");
  out.used_bytes = sealed() ? out.file_bytes : used_bytes_.load();
  const std::lock_guard lock(snapshots_mutex_);
  out.readers = snapshots_.size();
  if (!snapshots_.empty()) out.oldest_reader_ns = (std::chrono::steady_clock::now() - snapshots_.front()->began()).count();
  return out;
}

Result<tarsier_env_stat> Environment::stat() {
  const EnvironmentStatistics figures = statistics();
  tarsier_env_stat out{};
  out.size = sizeof(out);
  if (sealed()) out.flags = TARSIER_ENV_SEALED;
  out.file_bytes = figures.file_bytes;
  out.commits = figures.commits;
  out.readers = figures.readers;
  out.oldest_reader_ns = figures.oldest_reader_ns;
  if (sealed()) {
    auto noted = read_sealed_note(dir());
    if (!noted) return std::move(noted).error();
    out.entries = noted->entries;
    out.used_bytes = noted->bytes;
    return out;
  }
  const auto open_file = file();
  if (open_file == nullptr) return Error::unavailable("environment " + name() + " could not be opened again after its disk failed");
  auto txn = open_file->begin_read();
  if (!txn) return reason_of(std::move(txn).error()).in("environment " + name());
  const LmdbFile::Usage usage = open_file->usage(*txn);
  open_file->end_read(*txn);
  out.entries = usage.entries;
  out.used_bytes = usage.bytes;
  return out;
}

}  // namespace tarsier::storage

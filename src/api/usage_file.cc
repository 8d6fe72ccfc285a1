#include "api/usage_file.h"

#include <utility>

#include "api/generation_run.h"
#include "base/log.h"
#include "base/mapped_file.h"
#include "base/write_file.h"
#include "json/write.h"

namespace fathom::api {
namespace {

// More than a million keys; what is larger is no file of ours.
constexpr size_t kMostBytes = size_t{512} << 20;

QuotaTime Now() { return {.unix_seconds = UnixSeconds(), .steady_seconds = SteadySeconds()}; }

// False where there is no file.
Result<bool> LoadInto(const std::string& path, Quotas* quotas) {
  const Result<MappedFile> file = MappedFile::Open(path);
  if (!file.ok() && file.status().code() == Code::kNotFound) return false;
  if (!file.ok()) return file.status();
  if (file->size() > kMostBytes) {
    return InvalidArgument("{}: {} bytes, at most {} are read", path, file->size(), kMostBytes);
  }
  const Status loaded = quotas->Load(file->text(), Now());
  if (!loaded.ok()) return loaded.At(path);
  return true;
}

}  // namespace

Status UsageFile::Check(const std::string& path) {
  Quotas quotas(nullptr);
  return LoadInto(path, &quotas).status();
}

Result<std::unique_ptr<UsageFile>> UsageFile::Open(std::string path, Quotas& quotas,
                                                   std::chrono::milliseconds every) {
  FATHOM_ASSIGN_OR_RETURN(const bool there, LoadInto(path, &quotas));
  std::unique_ptr<UsageFile> file(new UsageFile(std::move(path), quotas, every));
  if (!there) FATHOM_RETURN_IF_ERROR(file->Write());
  file->written_ = quotas.changes();
  file->thread_ = std::thread([raw = file.get()] { raw->Run(); });
  return file;
}

UsageFile::UsageFile(std::string path, Quotas& quotas, std::chrono::milliseconds every)
    : path_(std::move(path)), quotas_(quotas), every_(every) {}

UsageFile::~UsageFile() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  ending_.notify_one();
  thread_.join();
  WriteNew();
}

void UsageFile::Run() {
  std::unique_lock lock(mutex_);
  while (!ending_.wait_for(lock, every_, [this] { return end_; })) {
    lock.unlock();
    WriteNew();
    lock.lock();
  }
}

void UsageFile::WriteNew() {
  const int64_t changes = quotas_.changes();
  if (changes == written_) return;
  const Status status = Write();
  if (status.ok()) {
    written_ = changes;
  } else if (!failed_) {
    LogWarning("what keys have used is not kept: {}", status.message());
  }
  failed_ = !status.ok();
}

Status UsageFile::Write() {
  const std::string text = json::Dump(quotas_.ToJson(Now()), json::Style::kPython) + "\n";
  return WriteFile(path_, text, Existing::kReplace).status();
}

}  // namespace fathom::api

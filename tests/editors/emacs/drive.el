;;; drive.el --- One Emacs in batch over one file, told by a test what to do -*- lexical-binding: t; -*-

;; emacs --batch -Q -l drive.el FOLDER FILE KEYS COMMAND
;; FOLDER/packages.txt has the package folders, FOLDER/command.json the server's command.  KEYS is a Lisp form
;; that edits the buffer; COMMAND is `accept' for ghost text, `next' for the one after, or another Lisp form.  Prints
;; what a test compares.

;;; Code:
(setq user-emacs-directory (expand-file-name "emacs/" (car command-line-args-left))
      lsp-session-file (expand-file-name "session" user-emacs-directory)
      lsp-auto-guess-root t lsp-enable-snippet nil lsp-warn-no-matched-clients nil lsp-keep-workspace-alive nil
      lsp-headerline-breadcrumb-enable nil lsp-lens-enable nil lsp-enable-file-watchers nil
      lsp-modeline-workspace-status-enable nil lsp-modeline-code-actions-enable nil lsp-client-packages nil
      lsp-inline-completion-enable nil create-lockfiles nil make-backup-files nil)

(defun drive-read (name)
  "Return the content of the file NAME of the test's folder."
  (with-temp-buffer
    (insert-file-contents (expand-file-name name (car command-line-args-left)))
    (buffer-string)))

(defun drive-until (true)
  "Wait until the function TRUE returns something."
  (let ((end (+ (float-time) 60)))
    (while (not (funcall true))
      (when (> (float-time) end) (message "TIMEOUT") (kill-emacs 3))
      (accept-process-output nil 0.02))))

(defun drive-print (name value)
  "Print NAME and VALUE on a line of their own."
  (princ (format "%s %s\n" name (json-encode value))))

(defvar drive-told nil "Texts of the suggestions that the server was told to be shown, last first.")
(defun drive-note (method params)
  "Note what the notification METHOD with PARAMS says."
  (when (equal method "textDocument/didShowCompletion")
    (push (lsp-get (plist-get params :item) :insertText) drive-told)))

(make-directory user-emacs-directory t)
(dolist (folder (split-string (drive-read "packages.txt") "\n" t)) (add-to-list 'load-path folder))
(require 'json)
(require 'python)
(require 'dg-lsp)
(defvar drive-answers nil "What the user says to each change, a list of characters; nil: nobody is asked.")
(setq dg-lsp-ask nil)
(advice-add 'read-char-choice :override (lambda (&rest _) (pop drive-answers)))
(setq dg-lsp-command (append (json-parse-string (drive-read "command.json") :array-type 'list) nil))

(let ((file (nth 1 command-line-args-left))
      (keys (read (nth 2 command-line-args-left)))
      (command (read (nth 3 command-line-args-left))))
  (lsp-workspace-folders-add (file-name-directory file))
  (find-file file)
  (setq-local require-final-newline nil)
  (lsp)
  (drive-until (lambda () (and (lsp-workspaces) (eq 'initialized (lsp--workspace-status (car (lsp-workspaces)))))))
  (drive-until (lambda () (equal "ready" (lsp-get (lsp-request "dgLsp/status" nil) :state))))
  (transient-mark-mode 1)
  (eval keys t)
  (drive-print "before" (buffer-string))
  (buffer-enable-undo)
  (undo-boundary)
  (if (not (memq command '(accept next)))
      (eval command t)
    (advice-add 'lsp-notify :before #'drive-note)
    (lsp-inline-completion-display)
    (when (eq command 'next) (lsp-inline-completion-next))
    (drive-print "told" (vconcat (reverse drive-told)))
    (drive-print "ghost" (and lsp-inline-completion--overlay
                              (substring-no-properties
                               (overlay-get lsp-inline-completion--overlay 'after-string))))
    (lsp-inline-completion-accept))
  (drive-print "after" (buffer-string))
  (save-buffer)
  (undo-boundary)
  (primitive-undo 1 (cdr buffer-undo-list))
  (drive-print "undone" (buffer-string))
  (set-buffer-modified-p nil)
  (lsp-disconnect))
(kill-emacs 0)
;;; drive.el ends here
